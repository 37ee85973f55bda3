"""All journals of a home that one shipper is in charge of: its own, and those nobody else ships."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import is_alive, journal_folders
from signaltape.journal.segment import written_end
from signaltape.notices import Notices
from signaltape.settings import Settings
from signaltape.shipping.backoff import Backoff
from signaltape.shipping.client import Refusal, StreamClient
from signaltape.shipping.journal import JournalShipper

#: How often to look for journals of engines that died, and whether Redis still knows what it got.
LOOK_EVERY_S = 1.0
#: How often a drain begins again because Redis has forgotten what it was just given.
_DRAIN_ROUNDS = 3

T = TypeVar("T")


class ShipperPool:
    """Ships journals over one connection.

    own: the journals of the engine that this runs in. Besides it, only journals of dead
        engines are taken, so that no live engine's journal moves to a process that may end before it.
        None (a shipper of its own): every journal that no other shipper has.
    """

    def __init__(self, settings: Settings, own: Sequence[Path] | None = None) -> None:
        assert settings.redis_url is not None
        self._settings = settings
        self._own = own
        self._link = StreamClient(settings.redis_url)
        self._journals: dict[Path, JournalShipper] = {}
        self._looked_at = float("-inf")
        self._deadline = float("inf")
        self._notices = Notices()
        self._missed = 0
        #: journals (or their home) whose files make trouble, and when each is tried again
        self._troubled: dict[Path, tuple[Backoff, float]] = {}

    @property
    def troubled(self) -> list[Path]:
        """The journals whose files cannot be read or written."""
        return list(self._troubled)

    @property
    def missed(self) -> int:
        """Events that were gone before they could be shipped, of all journals that this had."""
        return self._missed + sum(journal.missed for journal in self._journals.values())

    def step(self) -> int:
        """Ship one batch of every journal. Returns how many events went; 0: nothing to do now.

        Raises one of StreamError, as `JournalShipper.step` does; a Refusal only if no journal's events are taken.
        """
        self._look_around()
        shipped, refusal = 0, None
        for journal in list(self._journals.values()):
            if self._is_late():
                break
            try:
                shipped += self._step(journal)
            except Refusal as error:  # of one stream, perhaps: the others may go on
                refusal = error
        if refusal is not None and not shipped:
            raise refusal
        return shipped

    def take_all(self) -> None:
        """Look for journals now, whatever the clock says."""
        self._looked_at = float("-inf")
        self._look_around()

    def drain(self, deadline: float) -> int:
        """Ship what stands in the journals now, but not what engines write meanwhile. Returns how many events went.

        deadline: stop then, on the monotonic clock, whatever is left.
        Raises one of StreamError.
        """
        self._deadline = deadline
        try:
            return self._drain()
        finally:
            self._deadline = float("inf")

    def _drain(self) -> int:
        self.take_all()
        nowhere = (0, 0)
        ends = {
            folder: self._guarded(folder, partial(written_end, folder), nowhere) for folder in self._journals
        }
        total = 0
        for _ in range(_DRAIN_ROUNDS):
            while not self._is_late() and self._is_behind(ends):
                shipped = self.step()
                total += shipped
                if not shipped:
                    return total
            self.take_all()  # what was given last: is it still there?
            if not self._is_behind(ends):
                break
        return total

    def has_left(self, folders: Iterable[Path]) -> bool:
        """Whether any of these journals holds something that no shipper has shipped."""
        return any(self._has_left(folder) for folder in folders)

    def resend(self, since: float) -> None:
        """Ship once more what the journals hold of what was written or shipped after `since` (epoch seconds)."""
        for journal in self._journals.values():
            self._guarded(journal.folder, partial(journal.resend, since), None)

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
        home = self._settings.home
        nowhere: list[Path] = []
        for folder in self._guarded(home, partial(journal_folders, home), nowhere):
            if folder not in self._journals:
                self._guarded(folder, partial(self._take, folder), None)
        for folder, journal in list(self._journals.items()):
            if self._is_late():
                return
            if self._guarded(folder, partial(self._check_and_tidy, journal), False):
                self._missed += self._journals.pop(folder).missed

    def _is_late(self) -> bool:
        """Whether the time of a drain is over: then nothing more is asked of Redis."""
        return time.monotonic() >= self._deadline

    def _has_left(self, folder: Path) -> bool:
        try:
            journal, end = self._journals.get(folder), written_end(folder)
            if journal is not None:
                return journal.is_behind(end)
            cursor = read_cursor(folder)  # another shipper has it
        except OSError:
            return True  # for all we know
        return (cursor.segment, cursor.offset) < end

    def _take(self, folder: Path) -> None:
        if self._own is None or folder in self._own or not is_alive(folder):
            shipper = JournalShipper.adopt(folder, self._settings.stream, self._settings.partitions)
            if shipper is not None:
                self._journals[folder] = shipper

    def _check_and_tidy(self, journal: JournalShipper) -> bool:
        """True if the whole journal is gone."""
        journal.check(self._link)
        return journal.tidy(self._settings.shipped_keep_s)

    def _step(self, journal: JournalShipper) -> int:
        return self._guarded(journal.folder, partial(journal.step, self._link), 0)

    def _is_behind(self, ends: dict[Path, tuple[int, int]]) -> bool:
        return any(
            self._guarded(folder, partial(journal.is_behind, ends[folder]), False)
            for folder, journal in self._journals.items()
            if folder in ends
        )

    def _guarded(self, folder: Path, act: Callable[[], T], otherwise: T) -> T:
        """What `act` does for one journal. Trouble with its files is said as what it is, and holds up no other."""
        backoff, resting_until = self._troubled.get(folder, (None, 0.0))
        if time.monotonic() < resting_until:
            return otherwise
        try:
            result = act()
        except OSError as error:
            backoff = backoff or Backoff()
            self._troubled[folder] = (backoff, time.monotonic() + backoff.next_s())
            self._notices.say(
                f"files of {folder}",
                f"{folder}: trouble with the files of this journal, they wait there: {error}",
            )
            return otherwise
        self._troubled.pop(folder, None)
        return result
