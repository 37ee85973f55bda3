"""A process that is forked from a loaded one is as one in a new interpreter: what it says, sees, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.forked import ROOT, Forked, begin
from tests.support.waiting import next_line

ENVIRONMENT = {
    **{name: text for name, text in os.environ.items() if not name.startswith("SIGNALTAPE")},
    "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}",
}
#: One that ends well, by a usage error of click and of argparse, by an error of ours, and by a traceback.
COMMANDS = [
    ("worker", "--help"),
    ("reports", "scorecard", "--week", "2022-03"),
    ("signaltape", "ship", "--nonsense"),
    ("worker", "--once"),
    ("tests.chaos.sender",),
]


def ended(*arguments: str, anew: bool, home: Path) -> tuple[int | None, str, str]:
    process = begin(("-m", *arguments), {**ENVIRONMENT, "SIGNALTAPE_HOME": str(home)}, anew=anew)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_it_says_and_ends_the_same(command: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = ended(*command, anew=True, home=tmp_path)
    forked = ended(*command, anew=False, home=tmp_path)
    assert forked[:2] == (code, out)
    assert forked[2].splitlines()[-1:] == err.splitlines()[-1:]


def test_a_signal_ends_it_and_is_its_exit_code() -> None:
    process = Forked(("worker",), ENVIRONMENT, subprocess.DEVNULL, subprocess.DEVNULL)
    assert process.poll() is None
    process.kill()
    assert process.wait(20) == process.poll() == -signal.SIGKILL


def test_it_has_its_own_environment_and_closes_what_it_has_open_at_its_end(tmp_path: Path) -> None:
    event = '{"signal_id": "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11", "symbol": "S", "reason": "sl"}'
    code, out, err = ended("signaltape", "emit", "signal_invalidated", event, anew=False, home=tmp_path)
    assert (code, out) == (0, "recorded 1 event(s)\n"), err
    assert list((tmp_path / "journal").iterdir())


def test_waiting_too_long_is_a_timeout() -> None:
    away = {"REDIS_URL": "redis://127.0.0.1:1", "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    process = begin(("-m", "worker"), {**ENVIRONMENT, **away})
    assert process.stderr is not None
    while "trying again" not in next_line(process.stderr):
        assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert process.communicate(timeout=60)[0].startswith("stored 0")
    assert process.returncode == 0


@pytest.mark.parametrize("read", [{"TZ": "Asia/Tokyo"}, {"LD_PRELOAD": "libm.so.6"}], ids=str)
def test_what_is_read_while_loading_is_read_anew(read: dict[str, str]) -> None:
    process = begin(("-m", "worker", "--help"), {**ENVIRONMENT, **read})
    assert isinstance(process, subprocess.Popen)
    process.communicate(timeout=60)


@pytest.mark.parametrize("anew", [True, False])
def test_code_ends_at_the_failpoint_that_is_armed_also_in_what_was_loaded_before(anew: bool) -> None:
    code = """
import sys
from signaltape.shipping.journal import failpoint
for place in sys.argv[1:]:
    print(place, flush=True)
    failpoint(place)
"""
    armed = {**ENVIRONMENT, "SIGNALTAPE_FAILPOINTS": "there=kill@2"}
    process = begin(("-c", code, "there", "elsewhere", "there", "behind"), armed, anew=anew)
    assert process.communicate(timeout=60)[0].split() == ["there", "elsewhere", "there"]
    assert process.returncode == -signal.SIGKILL
    assert isinstance(process, subprocess.Popen) == anew
