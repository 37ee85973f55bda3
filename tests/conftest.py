"""The order of a whole run: what waits for a clock begins first, so that all else is done beside it; no test pays for
the secrets of those before it; none of them, and not the end of the run, takes for ever."""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key
from hypothesis import settings

from signaltape import secrecy
from tests.attack.effort import TIMES
from tests.support.disks import end_servers_of

# Several processes test at once, on few cores: a thread of BLAS that waits for work takes it from them. numpy looks
# when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# An example may take long on a machine that does other things beside. Few and the same ones each time, so that a tree
# that passes in one place passes in another; `make attack` thinks up many and new ones.
settings.register_profile("no hurry", deadline=None, derandomize=TIMES == 1, max_examples=40 * TIMES)
settings.load_profile("no hurry")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What is loaded and collected stays until the end: looking through it for garbage, again and again, finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `first`, then the others in their order; of several workers the first one begins with them."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """A test that has failed is watched further on: what it leaves behind may hang.

    At a failure pytest lets go of its watch (`faulthandler_timeout`), for somebody who would now look at it in a
    debugger; and whatever then hung, the rest of the test or what cleans up behind it, hung for ever.
    """
    if not node.config.getoption("usepdb"):
        _watch(node.config, node.config.stash[fault_handler_stderr_fd_key])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker that was ended amid a test has left its servers."""
    if error:
        end_servers_of(node.workerinput["testrunuid"], node.gateway.id)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The end of the process is watched as well: it waits for threads that tests have left, and for other processes.

    Workers wait for the end of the whole run, which ends them.
    """
    if not hasattr(config, "workerinput"):
        _watch(config, sys.__stderr__)  # it is open to the very end


def _watch(config: pytest.Config, file: Any) -> None:
    """Say where all threads are once the time of a test is over; and end the process if that is what pytest does."""
    longest_s = float(config.getini("faulthandler_timeout") or 0)
    exits = bool(config.getini("faulthandler_exit_on_timeout"))
    if longest_s:
        faulthandler.dump_traceback_later(longest_s, file=file, exit=exits)


@pytest.fixture(autouse=True)
def secrets_of_one_test() -> Iterator[None]:
    """What a test makes known as a secret is forgotten behind it: a real process knows a few, not thousands."""
    known, pattern = set(secrecy._known), secrecy._pattern
    yield
    secrecy._known, secrecy._pattern = known, pattern
