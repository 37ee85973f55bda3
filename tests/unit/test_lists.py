"""Lists that are written down twice are held together: versions, public names, dependencies, the wheel's contents."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

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
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"),
            *("--disable-pip-version-check", "-w", str(tmp_path), str(ROOT)),
        ],
        check=True,
        timeout=LONGEST_S,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
    ).stdout
    tops = {line.split("/")[0].split()[0] for line in listed.splitlines()[1:]}
    assert tops == {"signaltape", f"signaltape-{signaltape.__version__}.dist-info"}
    assert "signaltape/py.typed" in listed
