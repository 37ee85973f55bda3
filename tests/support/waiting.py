"""Wait for something to become true, by asking again, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(question: Callable[[], T], timeout: float = 20.0, every: float = 0.02) -> T:
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
