"""A worker that runs in a thread of the test, for as long as a block lasts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.waiting import ended
from worker.loop import Worker


@contextmanager
def working(worker: Worker, stop: threading.Event) -> Iterator[None]:
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        ended(thread)
