"""Edits, looked at from outside: in the end the last one stands, none is late, and each comes to its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from outbox.edit_leases import LATE_S
from outbox.marking import fitted, marked, parts_of
from outbox.text import Text
from tests.simulation.kernel.machines import NS
from tests.simulation.postgres_session import Session
from tests.simulation.telegram import LONGEST_WAY_S, Call
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_given import Given
from tests.simulation.worlds.outbox_in_time import LAST, InTime
from tests.simulation.worlds.outbox_rows import EDITS, Row

#: A process that stands still for longer between its last word to the tables and its call may call too late to count.
_PROMPT_NS = int((LATE_S - LONGEST_WAY_S - 5.0) * NS)


class Edit(NamedTuple):
    """An edit as the table has it."""

    id: int
    key: str
    body: str
    revision: int
    sent_revision: int
    state: str
    not_after: datetime
    error: str


class EditAudit:
    """Follows the edits of one world. rows: the messages as they are; messages: what stands, by chat and number."""

    def __init__(self, world: OutboxBase, rows: Mapping[int, Row], given: Given) -> None:
        self._world = world
        self._rows = rows
        self._given = given
        #: by the message's id
        self.edits: dict[int, Edit] = {}
        self._in_time = InTime(world)
        #: those of which it is not known that the last one stands
        self._unproven: set[int] = set()
        #: those of which it cannot be known: somebody called too late, or a clock went too fast
        self._excused: set[int] = set()
        self._called_ns: dict[int, int] = {}

    def read(self) -> None:
        """The table has changed."""
        for found in self._world.database.look(EDITS):
            edit = Edit(*found)
            before = self.edits.get(edit.id)
            if before == edit:
                continue
            if before is None or before.state != edit.state:
                self._in_time.changed(edit.id)
            if before is None or before.revision != edit.revision or before.state in LAST:
                self._in_time.asked(edit.id)
            self.edits[edit.id] = edit
            self._unproven.add(edit.id)
            self._world.story.tell(
                f"edit {edit.id}",
                f"{edit.state} {edit.revision}, sent {edit.sent_revision}, {edit.error[:60]}",
            )

    def message_changed(self, number: int) -> None:
        """A message has another state: only from now on its edit may be due."""
        if number in self.edits:
            self._in_time.asked(number)
            self._unproven.add(number)

    def begun(self, call: Call, session: Session) -> None:
        """A call begins that edits."""
        row, edit = self._rows[call.outbox_id], self.edits[call.outbox_id]
        self._called_ns[row.id] = self._world.scheduler.now_ns
        if self._world.scheduler.now_ns - session.done_ns > _PROMPT_NS:
            self._excused.add(row.id)
        if session.done_at > edit.not_after:
            self._fail("never late", f"call {call.number} edits {row.id} too late")
        if not row.stands or call.message_id not in row.message_ids:
            self._fail(
                "only what stands is edited", f"call {call.number} edits {call.message_id} of {row.id}"
            )
        elif call.text not in self._texts(row, row.message_ids.index(call.message_id)):
            self._fail("only what was put in", f"call {call.number} edits {row.id} to {call.text!r}")

    def changed(self, call: Call) -> None:
        """A call that edits has arrived."""
        self._unproven.add(call.outbox_id)

    def database_clock_jumped(self) -> None:
        """What was waited for by the clock before may come behind it."""
        now_ns = self._world.scheduler.now_ns
        self._excused.update(
            number for number, at_ns in self._called_ns.items() if now_ns - at_ns < 2 * LATE_S * NS
        )

    def left_alone(self, wait_s: float) -> None:
        """Telegram asked for so much time."""
        self._in_time.left_alone(wait_s)

    def healed(self) -> None:
        """From now on nothing goes wrong."""
        self._in_time.healed()

    def check(self) -> None:
        """What must hold now."""
        for edit in self.edits.values():
            if self._is_due(edit):
                self._in_time.check(edit.id, edit.state, edit.not_after)
        under_way = {call.outbox_id for call in self._world.telegram.under_way.values()}
        for number in sorted(self._unproven - under_way):
            self._unproven.discard(number)
            if self.edits[number].state == "sent" and number not in self._excused:
                self._check_stands(self._rows[number], self.edits[number])

    def nothing_left(self) -> bool:
        """Whether every edit is in a last state, or waits until more is known of its message."""
        return all(edit.state in LAST or not self._is_due(edit) for edit in self.edits.values())

    def _is_due(self, edit: Edit) -> bool:
        row = self._rows[edit.id]
        return row.stands or (row.state in LAST and row.state != "uncertain")

    def _check_stands(self, row: Row, edit: Edit) -> None:
        chat = self._world.telegram.chats[row.chat_id]
        for place, (number, text) in enumerate(
            zip(row.message_ids, shown(row, self._wanted(edit)), strict=True)
        ):
            message = chat.messages[number]
            if not (message.deleted or message.locked) and message.text != text:
                self._fail("the last edit stands", f"{row.id} part {place} is {message.text!r}, not {text!r}")

    def _wanted(self, edit: Edit) -> Text:
        return next(text for text in self._given.edits[edit.key] if text.text == edit.body)

    def _texts(self, row: Row, place: int) -> list[str]:
        return [shown(row, text)[place] for text in self._given.edits[row.key]]

    def _fail(self, invariant: str, text: str) -> None:
        self._world.fail(invariant, text)


def shown(row: Row, text: Text) -> list[str]:
    """What the messages of an alert hold once it is edited."""
    parts = fitted(parts_of(text, row.ref, True), len(row.message_ids))
    return [(marked(part, row.ref) if place in row.marks else part).text for place, part in enumerate(parts)]
