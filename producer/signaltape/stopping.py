"""Stopping what takes long: commands by signals, which finish what is in hand; operations by an event."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import ParamSpec

from signaltape.errors import Stopped

P = ParamSpec("P")


def stop_on_signals() -> threading.Event:
    """An event that is set once SIGTERM or SIGINT arrives. To be called in the main thread."""
    stop = threading.Event()
    call_on_signals(stop.set)
    return stop


def call_on_signals(act: Callable[[], None]) -> None:
    """Call `act`, in a thread of its own, once SIGTERM or SIGINT arrives. To be called in the main thread.

    A signal's handler runs amid whatever the main thread is doing. If that holds the lock of an event because it
    is about to wait for it, and the handler sets this event, the process stands still for ever. So the handler
    only puts the signal into a queue that allows for this.
    """
    arrived: SimpleQueue[int] = SimpleQueue()

    def await_one() -> None:
        arrived.get()
        act()

    threading.Thread(target=await_one, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: arrived.put(number))


def until(stop: threading.Event | None, progress: Callable[P, None], says: str) -> Callable[P, None]:
    """`progress`, which once `stop` is set raises Stopped instead, with what becomes of the work begun."""

    def tell(*args: P.args, **kwargs: P.kwargs) -> None:
        if stop is not None and stop.is_set():
            raise Stopped(says)
        progress(*args, **kwargs)

    return tell
