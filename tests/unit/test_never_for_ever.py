"""Whatever hangs in a run of the tests ends in bounded time, and as a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANGS = {
    "what cleans up behind a test that has failed": """
@pytest.fixture
def left():
    yield
    threading.Event().wait()

def test_it(left):
    raise AssertionError
""",
    "a thread that is left": "def test_it():\n    threading.Thread(target=threading.Event().wait).start()",
}


@pytest.mark.parametrize("what", HANGS)
def test_what_hangs_is_ended_and_shown(tmp_path: Path, what: str) -> None:
    hanging = tmp_path / "test_it.py"
    hanging.write_text(f"import pytest, threading\n{HANGS[what]}\n")
    watched = ("faulthandler_timeout=1", "faulthandler_exit_on_timeout=true")
    options = [word for one in watched for word in ("-o", one)]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null"),
            *options,
            str(hanging),
        ],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout
    assert "Timeout" in done.stderr, done.stdout
    assert "line" in done.stderr, "where it hangs"
