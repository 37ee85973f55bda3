"""What one journal gave to Redis, and from when on Redis lacks some of it, by what it says of its streams."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from signaltape.journal.cursor import Anchor, Cursor
from signaltape.shipping.client import Answer, checksum_of
from signaltape.shipping.encoding import StreamEntry
from signaltape.shipping.forgetting import Given, Loss, StreamState, lost_from
from signaltape.stream import entry_order, entry_time_ms

#: What is only suspected (a missing entry that trimming may have taken, a new connection to who knows which server)
#: makes us send again at most this often, so that it can never go round in a circle.
SUSPECT_EVERY_S = 900.0


class Evidence:
    """Keeps in a cursor what tells whether Redis still holds what it was given. The cursor is saved by its owner."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        for key, entry_id in cursor.last_ids.items():
            cursor.anchors.setdefault(key, Anchor(entry_id))  # of an earlier version
        #: by stream key, the last entry that we were given
        self._last: dict[str, Anchor] = {}
        #: how far the clock of Redis is ahead of ours, at most (its ids stand still while it is set back); None: not
        #: known yet
        self._ahead_s: float | None = None
        self._suspected_at = float("-inf")

    def note(self, batch: Sequence[StreamEntry], answer: Answer) -> None:
        """Redis took as much of a batch as it gave entry ids for."""
        cursor, entry_ids = self._cursor, answer.entry_ids
        last_of = {sent.key: index for index, sent in enumerate(batch[: len(entry_ids)])}
        for key, index in last_of.items():
            if key not in cursor.anchors:
                # Until one was asked for, the first must be there: only it tells what became of those behind it.
                first = next(index for index, sent in enumerate(batch) if sent.key == key)
                cursor.anchors[key] = Anchor(entry_ids[first], checksum_of(batch[first].data))
            cursor.last_ids[key] = entry_ids[index]
            self._last[key] = Anchor(entry_ids[index], checksum_of(batch[index].data))
        ahead_s = entry_time_ms(entry_ids[-1]) / 1000 - time.time()
        self._ahead_s = ahead_s if self._ahead_s is None else max(ahead_s, self._ahead_s)
        self.trust(answer.states)

    def trust(self, states: Mapping[str, StreamState]) -> None:
        """Nothing is lacking. Where the anchor was asked for, all we gave is there: from now on look for the last."""
        cursor = self._cursor
        for key, state in states.items():
            if key not in cursor.last_ids:
                continue
            if state.holds_anchor is not None and key in self._last:
                cursor.anchors[key] = self._last[key]
            if state.added is not None:
                cursor.added[key] = state.added

    def lost_since(self, states: Mapping[str, StreamState], *, suspicious: bool = False) -> float | None:
        """From when on, by our clock, events may be lacking (0: all of them); None if none are.

        suspicious: take for a loss what only may be one, however long ago that was done last.
        """
        losses = self._losses(states)
        if not losses or not (suspicious or any(loss.sure for loss in losses) or self.may_suspect()):
            return None
        return min(self._by_our_clock(loss.since) for loss in losses)

    def may_suspect(self) -> bool:
        """Whether it is time to act on what is not sure; then it is not for a while."""
        now = time.monotonic()
        if now - self._suspected_at < SUSPECT_EVERY_S:
            return False
        self._suspected_at = now
        return True

    def forget(self) -> None:
        """Begin anew: what was given is given once more."""
        cursor = self._cursor
        cursor.last_ids, cursor.anchors, cursor.added, self._last = {}, {}, {}, {}

    def gone_back(self, batch: Sequence[StreamEntry], answer: Answer) -> bool:
        """Whether a stream was made anew, told by its ids where Redis says nothing else of it."""
        if all(state.exists is not None for state in answer.states.values()):
            return False
        for sent, entry_id in zip(batch, answer.entry_ids, strict=False):
            given = self._cursor.last_ids.get(sent.key)
            if given is not None and entry_order(entry_id) < entry_order(given):
                return True
        return False

    def _losses(self, states: Mapping[str, StreamState]) -> list[Loss]:
        cursor = self._cursor
        found = (
            lost_from(Given(cursor.last_ids[key], cursor.anchors[key].id, cursor.added.get(key, 0)), state)
            for key, state in states.items()
            if key in cursor.last_ids
        )
        return [loss for loss in found if loss is not None]

    def _by_our_clock(self, since: float) -> float:
        """A moment by the clock of Redis as one by ours; 0 if nothing tells how they differ."""
        return max(0.0, since - self._ahead_s) if self._ahead_s is not None else 0.0
