"""Every module that a person calls says how: those of which no other test begins a command anew, as a person does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.forked import begin, environment_of_loaded
from tests.support.pages import ROOT
from tests.support.waiting import LONGEST_S
from tests.unit.test_docs import ROOMS

#: Of these another test begins a command in a new interpreter.
BEGUN_ANEW = {
    *("signaltape", "sink", "worker", "replay", "desk", "deploy.embedded"),
    "deploy.examples.engine_flask",
}


@pytest.mark.parametrize("room", sorted(BEGUN_ANEW))
def test_every_module_helps(room: str) -> None:
    process = begin(("-m", room, "--help"), environment_of_loaded())
    out, err = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, err
    assert "usage" in out.lower()


#: Loads what most of them need of others; then each in a process that has loaded nothing of ours.
_EACH_HELPS = """
import os, runpy, sys
import aiohttp, click, matplotlib.figure, msgspec, psycopg, redis, rich, scipy.special
for room in sys.argv[1:]:
    print(end=f"\\0{room} ", flush=True)
    if os.fork() == 0:
        sys.argv = [room, "--help"]
        try:
            runpy.run_module(room, run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else left.code is not None
        sys.stdout.flush()
        os._exit(code)
    if os.wait()[1]:
        sys.exit(f"{room} does not help")
"""


def test_every_module_that_no_other_test_begins_anew_helps_as_the_first_of_ours_in_its_process() -> None:
    rooms = [room for room in ROOMS if room not in BEGUN_ANEW]
    command = [sys.executable, "-c", _EACH_HELPS, *rooms]
    done = subprocess.run(
        command, env=environment_of_loaded(), capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    said = dict(one.split(" ", 1) for one in done.stdout.split("\0")[1:])
    assert {room for room, help_ in said.items() if "usage" in help_.lower()} == {*rooms}
