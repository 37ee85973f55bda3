"""The thread that trips dead man's switches while that of control hangs, in the look-up of a name, say."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from signaltape.control.following import Follower

#: As often as control is looked at.
LOOK_EVERY_S = 0.25


def watch(followers: Callable[[], Iterable[Follower]], is_over: Callable[[], bool]) -> None:
    """Begin to, until `is_over`. Raises RuntimeError where no thread is to be had."""
    threading.Thread(
        target=_watch, args=(followers, is_over), name="signaltape-dead-man", daemon=True
    ).start()


def _watch(followers: Callable[[], Iterable[Follower]], is_over: Callable[[], bool]) -> None:
    while not is_over():
        for one in followers():
            if one.trip(time.monotonic()):
                one.tell()
        time.sleep(LOOK_EVERY_S)  # that nothing was heard is no event
