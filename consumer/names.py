"""A stable consumer name: after a restart a consumer finds the entries that it had in hand."""

from __future__ import annotations

import socket
from pathlib import Path

from signaltape.journal.lock import FileLock

_MOST_SLOTS = 1024


class Slot:
    """A number that no other worker on this machine holds; freed when the process ends, however it does.

    folder: where the lock files lie.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_SLOTS):
            lock = FileLock(folder / f"slot-{number}.lock")
            if lock.acquire():
                self.number = number
                self._lock = lock
                return
        raise RuntimeError(f"more than {_MOST_SLOTS} workers on one machine")  # pragma: no cover

    def release(self) -> None:
        """Give it back: this process may begin again what it was for."""
        self._lock.release()


def consumer_name(dyno: str | None, slot: Slot, host: str | None = None) -> str:
    """`DYNO` where the host gives one (`worker.1`), else the machine's name and the slot.

    A second process on the same dyno has its slot behind: one with the name of another would take its entries.
    """
    if dyno:
        return dyno if slot.number == 1 else f"{dyno}-{slot.number}"
    return f"{host or socket.gethostname()}-{slot.number}"
