"""All journals of a home that one shipper is in charge of: its own, and those nobody else ships."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from signaltape.journal.home import is_alive, journal_folders
from signaltape.settings import Settings
from signaltape.shipping.journal import JournalShipper
from signaltape.shipping.link import Link

#: How often to look for journals of engines that died, and whether Redis still knows what it got.
LOOK_EVERY_S = 1.0


class Fleet:
    """Ships journals over one connection.

    own: the journals of the engine that this runs in. Besides it, only journals of dead
        engines are taken, so that no live engine's journal moves to a process that may end before it.
        None (a shipper of its own): every journal that no other shipper has.
    """

    def __init__(self, settings: Settings, own: Sequence[Path] | None = None) -> None:
        assert settings.redis_url is not None
        self._settings = settings
        self._own = own
        self._link = Link(settings.redis_url)
        self._journals: dict[Path, JournalShipper] = {}
        self._looked_at = float("-inf")

    def step(self) -> int:
        """Ship one batch of every journal. Returns how many events went; 0: nothing to do now.

        Raises one of LinkError, as `JournalShipper.step` does.
        """
        self._look_around()
        return sum(journal.step(self._link) for journal in list(self._journals.values()))

    def take_all(self) -> None:
        """Look for journals now, whatever the clock says."""
        self._looked_at = float("-inf")
        self._look_around()

    def resend(self, since: float) -> None:
        """Ship once more what the journals hold of what was written or shipped after `since` (epoch seconds)."""
        for journal in self._journals.values():
            journal.resend(since)

    def close(self) -> None:
        """Let go of all journals and the connection."""
        for journal in self._journals.values():
            journal.close()
        self._journals.clear()
        self._link.close()

    def disconnect(self) -> None:
        """Drop the connection after an error; the next step opens another."""
        self._link.close()

    def forget_in_child(self) -> None:
        """In a forked child: close our copies of the parent's locks."""
        for journal in self._journals.values():
            journal.forget_in_child()

    def _look_around(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = now
        for folder in journal_folders(self._settings.home):
            if folder not in self._journals and self._may_take(folder):
                shipper = JournalShipper.adopt(folder, self._settings.stream, self._settings.partitions)
                if shipper is not None:
                    self._journals[folder] = shipper
        for folder, journal in list(self._journals.items()):
            journal.check(self._link)
            if journal.tidy(self._settings.shipped_keep_s):
                del self._journals[folder]

    def _may_take(self, folder: Path) -> bool:
        return self._own is None or folder in self._own or not is_alive(folder)
