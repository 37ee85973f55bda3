"""Starting the shipper's thread, now or as soon as the process can."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from signaltape.settings import Settings

#: How often to try again while no thread can be started.
TRY_EVERY_S = 1.0


class Shipper(Protocol):
    """What the emitter needs of a shipper in its process."""

    idle: bool

    def wake(self) -> None:
        """Say that there is something to ship."""

    def stop(self, timeout: float) -> bool:
        """Ship the rest for at most `timeout` seconds, then end. True if nothing was left."""

    def forget_in_child(self) -> None:
        """In a forked child, where its thread does not exist: let go of what it held."""


def start_thread(settings: Settings, own: Sequence[Path]) -> Shipper:
    """Start the shipper's thread. Raises whatever hinders it: no thread to be had, no room, redis not installed."""
    from signaltape.shipping.thread import ShipperThread  # redis is imported only from here on

    shipper = ShipperThread(settings, own)
    shipper.start()
    return shipper


class NoShipper:
    """Stands in for a shipper whose thread could not be started (too many threads, the interpreter is ending).

    Events wait in the journal meanwhile. try_again: called at an event, at most once in TRY_EVERY_S.
    """

    def __init__(
        self, try_again: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.idle = True  # so that every event wakes it
        self._try_again = try_again
        self._monotonic = monotonic
        self._next = monotonic() + TRY_EVERY_S

    def wake(self) -> None:
        """Try again to start a thread, if it is time."""
        if self._monotonic() >= self._next:
            self._next = self._monotonic() + TRY_EVERY_S
            self._try_again()

    def stop(self, timeout: float) -> bool:
        """Nothing was shipped."""
        return False

    def forget_in_child(self) -> None:
        """It holds nothing."""
