"""Batches between the thread that reads and the one that writes: at most one waits, and each is followed to its end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from consumer.entry import DecodedBatch, Entry, Handed

B = TypeVar("B", bound=DecodedBatch)


class InFlight(Generic[B]):
    """What was read and is not acknowledged yet. The reader calls `hand_on`, the writer `next_batch` and `done`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ready: deque[tuple[Sequence[Entry], Future[B], bool]] = deque()
        #: batches that are not done yet, the oldest first
        self._given: deque[Sequence[Entry]] = deque()
        self._ended = False
        self._abandoned = False
        self._no_crash = False
        self._error: BaseException | None = None
        # While Redis looks up the next entries, those it gave before are decoded.
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="decode")

    def hand_on(self, entries: Sequence[Entry], make: Callable[[], B], *, isolated: bool = False) -> None:
        """Have a batch made of entries, once the one before is taken. Waits for that."""
        with self._changed:
            self._changed.wait_for(lambda: not self._ready or self._abandoned)
            self._ready.append((entries, self._beside.submit(make), isolated))
            self._given.append(entries)
            self._changed.notify_all()

    def next_batch(self) -> Handed[B] | None:
        """The next batch; waits for it. None when there will be no more.

        Raises what ended the reading, if it was an error.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._ended)
            if not self._ready:
                if self._error is not None:
                    raise self._error
                return None
            entries, batch, isolated = self._ready.popleft()
            self._changed.notify_all()
        return Handed(entries, batch.result(), isolated)

    def done(self) -> None:
        """The oldest batch in flight is acknowledged (or left pending on purpose)."""
        with self._changed:
            self._given.popleft()
            self._changed.notify_all()

    @property
    def ids(self) -> set[tuple[str, str]]:
        """Stream key and entry id of each entry that is not done."""
        with self._changed:
            given = list(self._given)
        return {(entry.stream, entry.entry_id) for entries in given for entry in entries}

    def await_none(self) -> None:
        """Wait until what was read is acknowledged: else it would be read again as pending."""
        with self._changed:
            self._changed.wait_for(lambda: not self._given or self._abandoned)

    def hand_on_isolated(self, entry: Entry, make: Callable[[], B]) -> None:
        """Hand on one entry, and wait until it is clear that it does not end this process."""
        with self._changed:
            self._no_crash = False
        self.hand_on([entry], make, isolated=True)
        with self._changed:
            self._changed.wait_for(lambda: self._no_crash or not self._given or self._abandoned)

    def is_no_crash(self) -> None:
        """The batch that is being written waits for its target: what it holds does not end the process."""
        with self._changed:
            self._no_crash = True
            self._changed.notify_all()

    def end(self, error: BaseException | None) -> None:
        """There will be no more batches. error: why, if not for a stop; raised to who waits for one."""
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nobody takes any more: let the reader wait for nothing."""
        with self._changed:
            self._abandoned = True
            self._changed.notify_all()

    def shut_down(self) -> None:
        """End the thread that decodes."""
        self._beside.shutdown(cancel_futures=True)
