"""Wait for something to become true, by asking again, instead of sleeping and hoping; and never for ever.

What a test waits for may fail, or be ended by somebody else. Then the test has to fail too, and say what did not come.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TypeVar

T = TypeVar("T")

#: Longer than anything takes that a test waits for, also on a machine that does other things beside.
LONGEST_S = 100.0


def eventually(question: Callable[[], T], timeout: float = LONGEST_S, every: float = 0.02) -> T:
    """The first true answer of `question`. Fails after `timeout` seconds, with the last answer or error."""
    deadline = time.monotonic() + timeout
    last: object = None
    while time.monotonic() < deadline:
        try:
            answer = question()
        except AssertionError as error:
            last = error
        else:
            if answer:
                return answer
            last = answer
        time.sleep(every)  # between two questions
    raise AssertionError(f"not within {timeout} s; last answer: {last!r}")


async def soon(question: Callable[[], object], timeout: float = LONGEST_S, every: float = 0.005) -> None:
    """Until `question` is answered by something true, in an event loop. Fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {timeout} s; last answer: {answer!r}"
        await asyncio.sleep(every)  # between two questions


def happened(event: threading.Event) -> None:
    """Wait for an event. Fails if whoever was to set it does not."""
    assert event.wait(LONGEST_S), f"not within {LONGEST_S} s"


def ended(*threads: threading.Thread) -> None:
    """Wait for threads. Fails if they do not end."""
    deadline = time.monotonic() + LONGEST_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    left = [thread.name for thread in threads if thread.is_alive()]
    assert not left, f"not ended within {LONGEST_S} s: {', '.join(left)}"


@contextmanager
def at_work(run: Callable[[], object], stop: threading.Event) -> Iterator[None]:
    """Something runs in a thread until the block ends, and is then told to stop. Fails if it does not."""
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        ended(thread)


def next_line(stream: IO[str] | None) -> str:
    """The next line that a process says, empty once it has ended. Fails if it does neither."""
    assert stream is not None
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.append(stream.readline()), name="a line", daemon=True)
    reading.start()
    ended(reading)
    return said[0]


def status_of(child: int) -> int:
    """The status of a forked child at its end, as of `os.waitpid`; one that does not end is killed."""
    deadline = time.monotonic() + LONGEST_S
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(0.005)  # between two looks
    return found[1]
