"""The promises of the outbox, looked at from outside: each report once in its chat, in time, and said as it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from outbox.policies import MAX_LOST_STUBS
from tests.simulation.kernel.machines import Process
from tests.simulation.postgres_session import Session
from tests.simulation.telegram import Answer, Call, Message
from tests.simulation.worlds.outbox_alerts import AlertAudit
from tests.simulation.worlds.outbox_base import OutboxBase
from tests.simulation.worlds.outbox_edits import EditAudit
from tests.simulation.worlds.outbox_given import Given
from tests.simulation.worlds.outbox_hearing import Hearing
from tests.simulation.worlds.outbox_in_time import LAST, InTime
from tests.simulation.worlds.outbox_leases import LeaseAudit
from tests.simulation.worlds.outbox_pace import PaceAudit
from tests.simulation.worlds.outbox_rows import FILES, REPORTED, ROWS, Row, report_of
from tests.simulation.worlds.outbox_statements import CHANGING, FENCING_TOKEN, FILING, IDLE
from tests.simulation.worlds.outbox_texts import check_texts


class OutboxAudit:
    """Follows each message of one world, in the tables and in the chats."""

    def __init__(self, world: OutboxBase) -> None:
        self._world = world
        self._fail = world.fail
        self.rows: dict[int, Row] = {}
        self._epochs: Counter[int] = Counter()
        self.given = Given()
        #: the states and kinds of files by message, as they were when they last had to be known
        self._files: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        self._files_touched = True
        self._touched = False
        #: the session that a process sends by
        self._sessions: dict[Process, Session] = {}
        self.pace = PaceAudit(world)
        self.leases = LeaseAudit(world)
        self.in_time = InTime(world)
        self.alerts = AlertAudit(world, self.rows, self.given, self.in_time.since_ns)
        self.edits = EditAudit(world, self.rows, self.given)
        self._edits_touched = False
        self.hearing = Hearing(world)
        world.database.on_done = self._on_done
        world.database.looks = self._looks
        world.database.on_commit = self._on_commit
        world.telegram.on_begin = self._on_begin
        world.telegram.on_begun = self._on_begun
        world.telegram.on_answered = self._on_answered
        world.telegram.on_change = self._on_change
        world.telegram.is_overtaken = lambda process: world.database.is_overtaken(self._sessions[process])

    def stands_beyond(self, row: Row) -> bool:
        """Whether a part stands in the chat that the table does not know of."""
        return any(
            (part := self.given.parts.get(message.text)) is not None and part.place >= row.filled
            for message in self._messages_of(row.id)
            if not message.deleted
        )

    def has_twin(self, row: Row) -> bool:
        """Whether there is another message of the same report, under another id of its chat."""
        return any(report_of(one) == report_of(row) and one.id != row.id for one in self.rows.values())

    def may_stand(self, monday: date, family: int, *, except_key: str) -> bool:
        """Whether the text of a report may stand in its chat by another message than that of a key."""
        report = f"report {monday} {family}"
        return any(
            report_of(row) == report and row.key != except_key and row.filling for row in self.rows.values()
        )

    def waiting_unbegun(self, chat_id: str) -> list[Row]:
        """Reports that wait for a chat, and no text of which may stand there."""
        return [
            row
            for row in self.rows.values()
            if row.chat_id == chat_id and row.state not in LAST and row.told_week and not row.filling
        ]

    def lacks_files(self, row: Row, *, wholly: bool = False) -> bool:
        """Whether a file does not stand that should. wholly: and none does that is uncertain."""
        standing = self._files_of(row.id)
        if self._files_touched:
            self._files_touched = False
            self._files.clear()
            for number, state, kind in self._world.database.look(FILES):
                self._files[number].append((state, kind))
        found = self._files[row.id]
        doubtful = [kind for state, kind in found if state != "sent" and standing[kind]]
        if doubtful:
            return False
        return wholly or any(state in ("uncertain", "failed") for state, _ in found)

    def waiting(self) -> int:
        """How many messages are in no last state."""
        return sum(row.state not in LAST for row in self.rows.values())

    def check(self) -> None:
        """What must hold now."""
        self.hearing.check()
        for row in self.rows.values():
            self._check_row(row)
            self.alerts.check_reply(row)
            if not row.ended_with_another:
                self.in_time.check(row.id, row.state, row.not_after)
        check_texts(self._world, self.given, self._messages())
        self.edits.check()

    def database_clock_jumped(self) -> None:
        """What was waited for by its clock before is no measure any more."""
        self.pace.database_clock_jumped()
        self.edits.database_clock_jumped()

    def healed(self) -> None:
        """From now on nothing goes wrong."""
        self.in_time.healed()
        self.edits.healed()

    def nothing_left(self) -> bool:
        """Whether every message is in a last state, and no call under way."""
        self.check()
        done = all(row.state in LAST for row in self.rows.values()) and self.edits.nothing_left()
        return done and not self._world.telegram.under_way

    def verify(self) -> None:
        """What must hold at the end."""
        self.check()
        for row in self.rows.values():
            if row.state not in LAST:
                self._fail("last state", f"{row.id} is {row.state}")

    def _read(self, session: Session, rows: list[Any]) -> None:
        for found in rows:
            row = Row(*found)
            before = self.rows.get(row.id)
            if before == row:
                continue
            if before is None or before.state != row.state:
                self.in_time.changed(row.id)
            if before is None or before.version != row.version or before.chat_id != row.chat_id:
                self.in_time.asked(row.id)
            if before is not None and (before.state, before.chat_id) != (row.state, row.chat_id):
                self.leases.changed(session, row.id, row.state)
            if before is not None and before.chat_id != row.chat_id:
                self._epochs[row.id] += 1
            if before is not None and before.state == "sent" and row.state not in ("sent", "queued"):
                self._fail("sent is sent", f"{row.id} is {row.state} now")
            self.rows[row.id] = row
            self.alerts.changed(row)
            self.edits.message_changed(row.id)
            self._check_row(row)
            what = f"{row.state} {row.version} in {row.chat_id}, ids {row.message_ids}, filled {row.filled}"
            self._world.story.tell(
                f"message {row.id}", f"{what}, filling {row.filling}, lost {row.lost_stubs}, {row.error[:60]}"
            )

    def _check_row(self, row: Row) -> None:
        if not 0 <= row.lost_stubs <= MAX_LOST_STUBS:
            self._fail("two stubs at most", f"{row.id} lost {row.lost_stubs}")
        surplus = self._surplus(row)
        if surplus > row.may_be_beyond:
            self._fail(
                "stubs are accounted for", f"{row.id} has {surplus} too many, says {row.may_be_beyond}"
            )
        epoch = self._epochs[row.id]
        self.alerts.check(row, (one for one in self._messages_of(row.id) if one.call.epoch == epoch))
        texts = self.given.texts[row.version]
        if row.filled > len(row.message_ids):
            self._fail("filled is filled", f"{row.id} says {row.filled} parts in messages {row.message_ids}")
        for place in range(min(row.filled, len(row.message_ids))):
            if not self._ever_stood(row, place):
                self._fail(
                    "filled is filled", f"part {place} of {row.id} is filled, it never stood in the chat"
                )
        if len(row.message_ids) > len(texts):
            self._fail("a stub for each part", f"{row.id} has {row.message_ids} for {len(texts)} parts")
        if row.state == "sent" and row.filled != len(texts):
            self._fail("sent is sent", f"{row.id} is sent with {row.filled} of {len(texts)} parts filled")
        if row.state == "expired" and row.filled == len(texts):
            self._fail("sent is sent", f"{row.id} is expired, and all its parts are filled")
        if row.state in ("failed", "expired") and self.stands_beyond(row):
            self._fail(
                "no text where none is said", f"{row.id} is {row.state}, and a part stands in its chat"
            )

    def _check_told(self, reported: dict[date, bool]) -> None:
        told = {row.told_week for row in self.rows.values() if row.filled > 0}
        for week, is_reported in reported.items():
            if is_reported != (week in told):
                self._fail("told when it stands", f"the week of {week} is reported: {is_reported}")

    def _on_done(self, session: Session, name: str, parameters: Any, cursor: Any) -> None:
        self.hearing.done(session, name, cursor.rowcount)
        if name in ("outbox.lease", "edits.lease") and cursor.rowcount > 0:
            row = cursor.fetchall()[0]
            cursor.scroll(0, mode="absolute")
            session.edits = name == "edits.lease"
            session.holding = row[session.edits]
            self._sessions[session.process] = session
            if not session.edits:
                self.leases.leased(session, row[0], row[FENCING_TOKEN])
        elif name == "outbox.resend" and cursor.rowcount > 0:
            self._epochs[parameters["id"]] += 1
            self.in_time.asked(parameters["id"])
        elif name == "pace.hold":
            self.pace.held(parameters["scope"].removeprefix("hold "), parameters["wait_s"])
            self.in_time.left_alone(parameters["wait_s"])
            self.edits.left_alone(parameters["wait_s"])
        self._edits_touched = self._edits_touched or name.startswith("edits.")
        if name.startswith("outbox.") and cursor.rowcount > 0:
            self.leases.done(session, name, parameters)
            self._touched = self._touched or name not in IDLE
            self._files_touched = self._files_touched or name in FILING

    def _looks(self, name: str) -> tuple[str, ...]:
        return (ROWS, REPORTED) if self._touched or name in CHANGING else ()

    def _on_commit(self, session: Session, found: Sequence[list[Any]]) -> None:
        self.hearing.committed(session)
        if self._touched:
            self._touched = False
            rows, reported = found or [self._world.database.look(query) for query in (ROWS, REPORTED)]
            self._read(session, rows)
            self._check_told(dict(reported))
        if self._edits_touched:
            self._edits_touched = False
            self.edits.read()

    def _on_begin(self, process: Process) -> tuple[int, int, bool]:
        session = self._sessions[process]
        assert session.holding is not None
        return session.holding, self._epochs[session.holding], session.edits

    def _on_begun(self, call: Call) -> None:
        world, session = self._world, self._sessions[call.process]
        self.pace.called(call, session)
        if call.is_edit:
            self.edits.begun(call, session)
            return
        self.alerts.begun(call)
        not_after = self.rows[call.outbox_id].not_after
        if session.done_at > not_after:
            late_s = (session.done_at - not_after).total_seconds()
            self._fail(
                "never late", f"call {call.number} begins {late_s:.3f} s too late: the sender could know"
            )
        if not self.given.has(call):
            self._fail("only what was put in", f"call {call.number} sends {call.text!r}, file {call.file!r}")
        family = world.telegram.chats[call.chat_id].family
        if family != int(self.rows[call.outbox_id].version.split()[2]):
            self._fail("the right chat", f"call {call.number} goes to {call.chat_id}")

    def _on_change(self, call: Call) -> None:
        if call.is_edit:
            self.edits.changed(call)
        self._check_row(self.rows[call.outbox_id])
        check_texts(self._world, self.given, self._messages())

    def _on_answered(self, call: Call, answer: Answer) -> None:
        self.pace.answered(call, answer, self._sessions[call.process])

    def _surplus(self, row: Row) -> int:
        chat = self._world.telegram.chats[row.chat_id]
        epoch = self._epochs[row.id]
        return sum(
            1
            for number, message in chat.messages.items()
            if message.call.outbox_id == row.id
            and message.call.epoch == epoch
            and message.file is None
            and not message.deleted
            and number not in row.message_ids
        )

    def _ever_stood(self, row: Row, place: int) -> bool:
        """Whether a part stood in the message that has its number, in one of the chat's ids."""
        chats, number = self._world.telegram.chats.values(), row.message_ids[place]
        text = self.given.text(row.version, place, place in row.marks)
        messages = (chat.messages.get(number) for chat in chats)
        return any(one is not None and one.call.outbox_id == row.id and text in one.texts for one in messages)

    def _messages(self) -> Iterator[Message]:
        for chat in self._world.telegram.chats.values():
            yield from chat.messages.values()

    def _messages_of(self, outbox_id: int) -> Iterator[Message]:
        return (message for message in self._messages() if message.call.outbox_id == outbox_id)

    def _files_of(self, outbox_id: int) -> Counter[str]:
        return Counter(
            message.file.partition(" ")[0]
            for message in self._messages_of(outbox_id)
            if message.file is not None
        )
