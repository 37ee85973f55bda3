"""Lists that are written down twice are held together: commands, versions, variables, processes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import signaltape
from signaltape.settings import _FIELD_OF

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()

HELP = [
    ("signaltape",),
    *(("signaltape", command) for command in ("ship", "schema", "emit", "doctor")),
    ("sink",),
    *(("sink", command) for command in ("migrate", "check", "rebuild", "purge")),
    ("worker",),
    ("worker", "status"),
    ("worker", "dead-letters"),
    ("reports",),
    *(("reports", command) for command in ("scorecard", "schedule", "evidence", "qa", "deliveries")),
    *(("reports", command) for command in ("rules", "whatif")),
    ("replay",),
    *(("replay", command) for command in ("archive", "retention", "build", "list", "show", "run", "status")),
    *(("replay", command) for command in ("stop", "pause", "resume", "step", "seek", "delete")),
    *(("replay", command) for command in ("stream", "load", "health")),
    ("deploy.embedded",),
    ("deploy.demo",),
    ("deploy.demo.replay",),
]


@pytest.mark.parametrize("command", HELP, ids=" ".join)
def test_every_command_helps_and_stands_in_the_readme(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command, "--help"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower()
    if len(command) > 1:
        spoken = " ".join(command) if command[0] == "signaltape" else f"python -m {' '.join(command)}"
        assert spoken in README


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == signaltape.__version__
    assert f"## {signaltape.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_every_variable_stands_in_the_readme() -> None:
    documented = set(re.findall(r"`([A-Z_]{2,})`", README))
    assert set(_FIELD_OF) - {"DYNO"} <= documented


def test_the_procfile_starts_what_exists() -> None:
    for line in (ROOT / "Procfile").read_text().splitlines():
        _, _, command = line.partition(": ")
        assert command in README or command.removesuffix(" schedule") in README, command


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
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    tops = {line.split("/")[0].split()[0] for line in listed.splitlines()[1:]}
    assert tops == {"signaltape", f"signaltape-{signaltape.__version__}.dist-info"}
    assert "signaltape/py.typed" in listed
