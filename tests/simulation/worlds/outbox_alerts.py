"""Alerts and replies, looked at from outside: twice at most, the second one says so, and no reply stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from outbox.policies import ALERT
from tests.simulation.kernel.machines import NS
from tests.simulation.telegram import Call, Message
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_given import Given, Part
from tests.simulation.worlds.outbox_in_time import LAST
from tests.simulation.worlds.outbox_rows import Row

#: In quiet senders look at least so often, and nothing else that they are at takes longer.
_ENDS_WITHIN_S = 400.0


class AlertAudit:
    """Follows the alerts of one world. rows: the messages as they are; since_ns: since when each is in its state."""

    def __init__(
        self, world: OutboxBase, rows: Mapping[int, Row], given: Given, since_ns: Mapping[int, int]
    ) -> None:
        self._world = world
        self._since_ns = since_ns
        self._rows = rows
        self._given = given

    def check(self, row: Row, sent: Iterable[Message]) -> None:
        """Since a person looked last, no part was sent twice, and what may repeat one says so.

        sent: what came to the chats since, whether it still stands or not.
        """
        if row.kind != ALERT:
            return
        first = [self._given.parts[message.texts[0]] for message in sent]
        for part, count in Counter((part.place, part.marked) for part in first).items():
            if count > 1:
                self._fail("an alert once", f"{row.id} was sent {count} times: {part}")
        if any(place >= len(row.message_ids) for place in row.marks):
            self._fail("a mark is true", f"{row.id} has marks {row.marks} for {row.message_ids}")

    def begun(self, call: Call) -> None:
        """A call begins: one that says that it may repeat has a reason, and a reply has what it replies to."""
        row = self._rows[call.outbox_id]
        part = self._given.parts.get(call.text)
        if part is not None and part.marked and row.lost_stubs == 0:
            self._fail("a mark is true", f"call {call.number} of {row.id} says so without a reason")
        if row.reply_to is not None and call.file is None:
            self._check_reply(call, row, part)

    def _check_reply(self, call: Call, row: Row, part: Part | None) -> None:
        replied = next((one for one in self._rows.values() if one.key == row.reply_to), None)
        if replied is None or not replied.stands:
            self._fail("no reply alone", f"call {call.number} of {row.id}: {row.reply_to} does not stand")
            return
        ids = replied.message_ids if replied.chat_id == call.chat_id else []
        if part is not None and part.place == 0 and call.reply_to not in (ids or [0]):
            self._fail(
                "no reply alone", f"call {call.number} of {row.id} replies to {call.reply_to}, not to {ids}"
            )

    def changed(self, row: Row) -> None:
        """A message has another state: it ended with another one only if that one has ended so."""
        replied = next((one for one in self._rows.values() if one.key == row.reply_to), None)
        ended = replied is not None and replied.state in LAST and not replied.stands
        if row.ended_with_another and row.state in LAST and not ended:
            self._fail("a reply ends with what it replies to", f"{row.id} ended, and {replied} did not")

    def check_reply(self, row: Row) -> None:
        """How a reply stands now."""
        if row.reply_to is None:
            return
        replied = next(one for one in self._rows.values() if one.key == row.reply_to)
        if row.state == "sent" and not replied.stands:
            self._fail("no reply alone", f"{row.id} is sent, and {row.reply_to} is not")
        if row.state not in LAST and replied.state in LAST and not replied.stands:
            since_ns = max(self._since_ns[row.id], self._since_ns[replied.id], self._world.disturbed_ns)
            if self._world.scheduler.now_ns - since_ns > _ENDS_WITHIN_S * NS:
                self._fail("a reply ends with what it replies to", f"{row.id} waits for {replied.id}")

    def _fail(self, invariant: str, text: str) -> None:
        self._world.fail(invariant, text)
