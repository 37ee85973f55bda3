"""A seed is the same story under every CPython that has what is needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.deep

_ROOT = Path(__file__).parents[2]
_NEEDED = "import click, coverage, greenlet, hiredis, lupa, msgspec, psycopg, redis, rich, uuid_utils"


def _others() -> list[str]:
    """Interpreters that can run it: of SIGNALTAPE_PYTHONS, else those found on PATH."""
    named = os.environ.get("SIGNALTAPE_PYTHONS")
    found = (
        named.split(os.pathsep) if named else map(shutil.which, ("python3.11", "python3.12", "python3.13"))
    )
    return [one for one in found if one and _has_what_is_needed(one)]


def _has_what_is_needed(python: str) -> bool:
    return subprocess.run([python, "-c", _NEEDED], capture_output=True, check=False).returncode == 0


def _fingerprint(python: str) -> int:
    what = ["--world", "spine", "--seed", "1000", "--runs", "4", "--steps", "4000"]
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'producer'}:{_ROOT}"}
    done = subprocess.run(
        [python, "-m", "tests.simulation", *what, "--json", "--no-shrink", "--quiet"],
        cwd=_ROOT,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return int(json.loads(done.stdout)["fingerprint"])


def test_other_pythons_tell_the_same_story() -> None:
    others = _others()
    if not others:
        pytest.skip("no other Python has what is needed: name some in SIGNALTAPE_PYTHONS")
    own = _fingerprint(sys.executable)
    assert {python: _fingerprint(python) for python in others} == dict.fromkeys(others, own)
