"""Lists that are written down twice are held together: versions, public names, dependencies, the wheel's contents."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import signaltape
from tests.support.waiting import LONGEST_S

ROOT = Path(__file__).parents[2]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == signaltape.__version__
    assert f"## {signaltape.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_all_public_names_are_there() -> None:
    assert all(hasattr(signaltape, name) for name in signaltape.__all__)
    assert sorted(signaltape.__all__) == signaltape.__all__


def test_the_engine_library_needs_three_distributions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\[<>=]", requirement)[0] for requirement in project["dependencies"]]
    assert names == ["msgspec", "redis", "uuid-utils"]


def test_the_wheel_holds_only_signaltape(tmp_path: Path) -> None:
    # as pip has it made, without the half second that pip takes to begin
    make = "import sys, setuptools.build_meta as backend; backend.build_wheel(sys.argv[1])"
    made = [sys.executable, "-c", make, str(tmp_path)]
    subprocess.run(made, check=True, capture_output=True, cwd=ROOT, timeout=LONGEST_S)
    (wheel,) = tmp_path.glob("*.whl")
    listed = ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in listed}
    assert tops == {"signaltape", f"signaltape-{signaltape.__version__}.dist-info"}
    assert "signaltape/py.typed" in listed
