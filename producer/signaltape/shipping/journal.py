"""Shipping one journal: read frames, add them to the stream, move the cursor over what was acknowledged."""

from __future__ import annotations

import os
import time
from pathlib import Path

from signaltape.failpoints import failpoint
from signaltape.journal.cursor import CURSOR_FILE, read_cursor, write_cursor
from signaltape.journal.home import SHIP_LOCK, is_alive, remove_journal
from signaltape.journal.lock import FileLock
from signaltape.journal.reader import Item, JournalReader, Place
from signaltape.journal.segment import segment_numbers, segment_path
from signaltape.notices import Notices
from signaltape.shipping.link import Answer, Link
from signaltape.shipping.outgoing import Addresser, Outgoing
from signaltape.stream import entry_order, entry_time_ms

#: A batch is small enough to leave the interpreter to the engine's threads soon, large enough to
#: make the round trip count little.
BATCH_EVENTS = 256
BATCH_BYTES = 256 * 1024
#: What a restarted or promoted server may lack lies within this time before its last sign; clocks of two
#: machines may differ by as much.
RESEND_MARGIN_S = 60.0
_FORGOTTEN = "Redis has forgotten events that it had acknowledged"


class JournalShipper:
    """Ships one journal. Holds its ship lock; made only through `adopt`."""

    def __init__(self, folder: Path, lock: FileLock, stream: str, partitions: int) -> None:
        self.folder = folder
        self._lock = lock
        self._address = Addresser(stream, partitions)
        self._cursor = read_cursor(folder)
        self._reader = JournalReader(folder, self._acknowledged())
        self._notices = Notices()
        self._at_end = False

    @classmethod
    def adopt(cls, folder: Path, stream: str, partitions: int) -> JournalShipper | None:
        """Take charge of a journal; None if another shipper has it, or it is gone."""
        lock = FileLock(folder / SHIP_LOCK)
        return cls(folder, lock, stream, partitions) if lock.acquire() else None

    def step(self, link: Link) -> int:
        """Ship one batch. Returns how many events Redis has acknowledged (0: nothing to do now).

        Raises one of LinkError when Redis is away or does not take events (out of memory, read-only);
        the cursor then stands behind the last event that it did take.
        """
        link.connect()
        self._notice_another_server(link.run_id)
        items = self._reader.read(BATCH_EVENTS, BATCH_BYTES)
        self._at_end = not items
        if not items:
            self._note_skipped()
            return 0
        try:
            batch = [self._address(item.frame) for item in items]
            answer = link.send(self._address.keys, self._cursor.last_ids, batch)
        except BaseException:
            self._reader.seek(self._acknowledged())
            raise
        failpoint("shipper.after_reply")
        forgotten_since = self._forgotten_since(answer)
        self._advance(items, batch, answer)
        if forgotten_since is not None:
            self._send_again(_FORGOTTEN, forgotten_since)
        elif answer.error is not None:
            self._reader.seek(self._acknowledged())
            raise answer.error
        return len(answer.entry_ids)

    def check(self, link: Link) -> None:
        """While idle: notice a server that has forgotten what it was given. Raises one of LinkError."""
        link.connect()
        self._notice_another_server(link.run_id)
        forgotten_since = self._forgotten_since(link.send(self._address.keys, self._cursor.last_ids, []))
        if forgotten_since is not None:
            self._send_again(_FORGOTTEN, forgotten_since)

    def tidy(self, keep_s: float) -> bool:
        """Remove segments shipped longer than `keep_s` seconds ago; True if the whole journal is gone."""
        now = time.time()
        for number in segment_numbers(self.folder):
            path = segment_path(self.folder, number)
            if number < self._cursor.segment and _age_s(path, now) >= keep_s:
                path.unlink(missing_ok=True)
        if not self._at_end or is_alive(self.folder):
            return False
        if _age_s(self.folder / CURSOR_FILE, now) < keep_s:
            return False
        self.close()
        remove_journal(self.folder)
        return True

    def resend(self, since: float) -> None:
        """Ship once more what the journal still holds of what was written or shipped after `since`.

        since: seconds since 1970. Whole segments are sent, so some older events may come along.
        """
        self._send_again("asked to send again", since)

    def close(self) -> None:
        """Let go of the journal."""
        self._reader.close()
        self._lock.release()

    def forget_in_child(self) -> None:
        """In a forked child: close our copy of the parent's lock."""
        self._lock.forget()

    def _advance(self, items: list[Item], batch: list[Outgoing], answer: Answer) -> None:
        taken = len(answer.entry_ids)
        if not taken:
            return
        for sent, entry_id in zip(batch, answer.entry_ids, strict=False):
            self._cursor.last_ids[sent.key] = entry_id
        left = self._cursor.segment
        self._move_to(items[taken - 1].after)
        if left and left != self._cursor.segment:
            self._stamp_shipped(left)

    def _note_skipped(self) -> None:
        """The reader may have stepped over damage or into a new segment without finding an event."""
        if self._reader.place != self._acknowledged():
            self._move_to(self._reader.place)

    def _move_to(self, place: Place) -> None:
        cursor = self._cursor
        cursor.segment, cursor.offset, cursor.events = place
        write_cursor(self.folder, cursor)

    def _stamp_shipped(self, number: int) -> None:
        """Note on a segment when its last event was shipped: from then on its keeping time runs."""
        try:
            os.utime(segment_path(self.folder, number))
        except FileNotFoundError:  # the writer needed the room
            return

    def _forgotten_since(self, answer: Answer) -> float | None:
        """From when on (epoch seconds) Redis lacks what it was given; None if it lacks nothing.

        0 if all of it may be gone: the stream is new, or is not there.
        """
        for key, given in self._cursor.last_ids.items():
            state = answer.states.get(key)
            if state is None or state.last_id == "":
                continue
            if state.last_id is None or state.lacks_ours:
                return 0.0
            if entry_order(state.last_id) < entry_order(given):
                return entry_time_ms(state.last_id) / 1000 - RESEND_MARGIN_S
        return None

    def _notice_another_server(self, run_id: str) -> None:
        """A server that was restarted, or took over, may lack the last moments of what the old one had."""
        before = self._cursor.run_id
        self._cursor.run_id = run_id
        if before and before != run_id:
            last_shipped = time.time() - _age_s(self.folder / CURSOR_FILE, time.time())
            self._send_again("Redis was restarted or is another server", last_shipped - RESEND_MARGIN_S)

    def _send_again(self, why: str, since: float = 0.0) -> None:
        self._reader.rewind(since)
        self._at_end = False
        place = self._reader.place
        self._notices.say(
            "resend", f"{why}: sending again from event {place.events} on (duplicates are dropped later)"
        )
        self._cursor.last_ids = {}
        self._move_to(place)

    def _acknowledged(self) -> Place:
        cursor = self._cursor
        return Place(cursor.segment, cursor.offset, cursor.events)


def _age_s(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:  # never shipped anything: empty, so of any age
        return float("inf")
