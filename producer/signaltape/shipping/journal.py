"""Shipping one journal: read frames, add them to the stream, move the cursor over what was acknowledged."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from signaltape.failpoints import failpoint
from signaltape.journal.cursor import CURSOR_FILE, Cursor, find_cursor, write_cursor
from signaltape.journal.home import SHIP_LOCK, is_alive
from signaltape.journal.lock import FileLock
from signaltape.journal.reader import Item, JournalPosition, JournalReader
from signaltape.journal.removing import remove_journal
from signaltape.journal.segment import segment_numbers, segment_path
from signaltape.notices import Notices
from signaltape.shipping.backoff import Backoff
from signaltape.shipping.client import Answer, Refusal, StreamClient
from signaltape.shipping.encoding import EntryEncoder, StreamEntry
from signaltape.shipping.evidence import Evidence
from signaltape.shipping.forgetting import RESEND_MARGIN_S, StreamState

#: A batch is small enough to leave the interpreter to the engine's threads soon, large enough to
#: make the round trip count little.
BATCH_EVENTS = 256
BATCH_BYTES = 256 * 1024
_FORGOTTEN = "Redis has forgotten events that it had acknowledged"


class JournalShipper:
    """Ships one journal. Holds its ship lock; made only through `adopt`.

    Its files may raise OSError, in any method: that is the disk, not Redis.
    """

    def __init__(self, folder: Path, lock: FileLock, stream: str, partitions: int) -> None:
        self.folder = folder
        self._lock = lock
        self._address = EntryEncoder(stream, partitions)
        self._notices = Notices()
        self._saved = True
        self._shipped_at = 0.0
        self._connections = 0
        found = find_cursor(folder)
        self._cursor = found or Cursor()
        self._evidence = Evidence(self._cursor)
        self._reader = JournalReader(folder, self._acknowledged())
        #: how many events to send at once: few after a failure, for what stands behind it may be sent in vain
        self._at_once = BATCH_EVENTS
        #: losses since all was there last, and until when to leave a Redis alone that does not keep what it is given
        self._losses = Backoff()
        self._resting_until = float("-inf")
        if found is None:
            self._send_again("its cursor is damaged")

    @classmethod
    def adopt(cls, folder: Path, stream: str, partitions: int) -> JournalShipper | None:
        """Take charge of a journal; None if another shipper has it, or it is gone."""
        lock = FileLock(folder / SHIP_LOCK)
        if not lock.acquire():
            return None
        try:
            return cls(folder, lock, stream, partitions)
        except BaseException:
            lock.release()
            raise

    @property
    def missed(self) -> int:
        """Events that were gone before they could be shipped."""
        return self._reader.missed

    def step(self, link: StreamClient) -> int:
        """Ship one batch. Returns how many events Redis has acknowledged (0: nothing to do now).

        Raises one of StreamError when Redis is away or does not take events (out of memory, read-only);
        the cursor then stands behind the last event that it did take.
        """
        if time.monotonic() < self._resting_until:
            raise Refusal("it does not keep what it is given; it may be evicting (see maxmemory-policy)")
        link.connect()
        self._notice_another_server(link)
        try:
            items = self._reader.read(self._at_once, BATCH_BYTES)
            if not items:
                self._note_skipped()
                self._losses.reset()
                return 0
            batch = [self._address(item.frame) for item in items]
            keys = (
                self._address.keys if len(self._address.keys) == 1 else sorted({sent.key for sent in batch})
            )
            answer = self._send(link, keys, batch)
            failpoint("shipper.after_reply")
            since = self._lost_since(batch, answer)
            if since is None:
                self._advance(items, batch, answer)
            else:  # whoever ends here leaves a cursor that still tells of it
                self._make_up_for_loss(since)
            if answer.error is not None:
                raise answer.error
        except BaseException:
            self._reader.seek(self._acknowledged())
            raise
        return len(answer.entry_ids)

    def check(self, link: StreamClient) -> None:
        """While idle: notice a server that has forgotten what it was given. Raises one of StreamError."""
        link.connect()
        self._notice_another_server(link)
        states = self._ask(link)
        since = self._evidence.lost_since(states)
        if since is not None:
            self._make_up_for_loss(since)
        else:
            self._evidence.trust(states)

    def is_behind(self, end: tuple[int, int]) -> bool:
        """Whether something before `end` (see `written_end`) was not acknowledged; of a dead engine, anything."""
        if self._reader.ended:
            return self._has_more()
        return (self._cursor.segment, self._cursor.offset) < end

    def tidy(self, keep_s: float) -> bool:
        """Remove segments shipped longer than `keep_s` seconds ago; True if the whole journal is gone."""
        now = time.time()
        for number in segment_numbers(self.folder):
            path = segment_path(self.folder, number)
            if number < self._cursor.segment and _age_s(path, now) >= keep_s:
                path.unlink(missing_ok=True)
        if not self._saved:
            self._save()
        if is_alive(self.folder):
            return False
        # In this order: what an engine wrote until it was seen dead is found by this look.
        self._reader.ended = True
        if self._has_more() or self._shipped_s_ago(now) < keep_s:
            return False
        remove_journal(self.folder)
        self.close()
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

    def _has_more(self) -> bool:
        """Whether anything is left to ship."""
        try:
            return bool(self._reader.read(1, 1))
        finally:
            self._reader.seek(self._acknowledged())

    def _advance(self, items: list[Item], batch: list[StreamEntry], answer: Answer) -> None:
        taken = len(answer.entry_ids)
        if not taken:
            return
        self._evidence.note(batch, answer)
        self._shipped_at = time.time()
        self._move_to(items[taken - 1].after)

    def _note_skipped(self) -> None:
        """The reader may have stepped over damage or into a new segment without finding an event."""
        if self._reader.position != self._acknowledged():
            self._move_to(self._reader.position)

    def _move_to(self, position: JournalPosition) -> None:
        cursor = self._cursor
        left = cursor.segment
        cursor.segment, cursor.offset, cursor.events = position
        self._save()
        if left != position.segment:
            self._stamp_shipped(left, position.segment)

    def _save(self) -> None:
        """Write the cursor. Without room for it shipping goes on: what is sent twice is dropped later."""
        try:
            write_cursor(self.folder, self._cursor)
        except OSError as error:
            self._saved = False
            self._notices.say(
                "cursor",
                f"{self.folder}: how far it was shipped cannot be written ({error.strerror}); events go on to "
                "Redis, and once more if the shipper is restarted before there is room on the disk",
            )
        else:
            self._saved = True

    def _stamp_shipped(self, first: int, end: int) -> None:
        """Note on segments when their last event was shipped: from then on their keeping time runs."""
        for number in segment_numbers(self.folder):
            if first <= number < end:
                with suppress(FileNotFoundError):  # the writer needed the room
                    os.utime(segment_path(self.folder, number))

    def _send(self, link: StreamClient, keys: Sequence[str], batch: list[StreamEntry]) -> Answer:
        sent, self._at_once = self._at_once, 1
        answer = link.send(keys, self._cursor.anchors, batch)
        if answer.error is None:
            self._at_once = min(2 * sent, BATCH_EVENTS)
        return answer

    def _make_up_for_loss(self, since: float) -> None:
        """Send again. At once if it is the first loss; a Redis that goes on losing is given time in between."""
        again = self._losses.waiting
        wait_s = self._losses.next_s()
        if again:
            self._resting_until = time.monotonic() + wait_s
        self._send_again(_FORGOTTEN, since)

    def _lost_since(self, batch: list[StreamEntry], answer: Answer) -> float | None:
        since = self._evidence.lost_since(answer.states)
        return 0.0 if since is None and self._evidence.gone_back(batch, answer) else since

    def _ask(self, link: StreamClient) -> dict[str, StreamState]:
        """What Redis says of the streams that hold something of ours."""
        keys = list(self._cursor.last_ids)
        return link.send(keys, self._cursor.anchors, []).states if keys else {}

    def _notice_another_server(self, link: StreamClient) -> None:
        """A server that was restarted, or took over, may lack the last moments of what the old one had."""
        reconnected = self._connections not in (0, link.connections)
        before, why = self._cursor.run_id, ""
        if link.run_id and before and before != link.run_id:
            why = "Redis was restarted or is another server"
        elif link.run_id:
            self._cursor.run_id = link.run_id
        elif reconnected:
            why = "Redis does not say whether it is the same server as before"
        # It may lack far more than the last moments: what it says of its streams tells. If it does not answer, it
        # is asked over the next connection.
        lost = self._evidence.lost_since(self._ask(link), suspicious=bool(link.run_id)) if why else None
        self._connections = link.connections
        if why and (
            lost is not None or link.run_id or (self._cursor.last_ids and self._evidence.may_suspect())
        ):
            now = time.time()
            tail = now - self._shipped_s_ago(now) - RESEND_MARGIN_S
            self._send_again(why, tail if lost is None else min(tail, lost), link.run_id)

    def _send_again(self, why: str, since: float = 0.0, run_id: str = "") -> None:
        self._reader.seek(self._acknowledged())
        self._reader.rewind(since)
        position = self._reader.position
        self._notices.say(
            "resend", f"{why}: sending again from event {position.events} on (duplicates are dropped later)"
        )
        self._evidence.forget()
        self._cursor.run_id = run_id or self._cursor.run_id
        self._move_to(position)

    def _acknowledged(self) -> JournalPosition:
        cursor = self._cursor
        return JournalPosition(cursor.segment, cursor.offset, cursor.events)

    def _shipped_s_ago(self, now: float) -> float:
        """Seconds since something was shipped last, by this shipper or, by the cursor's file, one before it."""
        return min(now - self._shipped_at, _age_s(self.folder / CURSOR_FILE, now))


def _age_s(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:  # never shipped anything: empty, so of any age
        return float("inf")
