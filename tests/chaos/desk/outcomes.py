"""What must have come of clicks and commands, against what tables and chats say: each line that comes out says why."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from desk.auditing import _ACTS as ACTS_NAMESPACE
from desk.feedback.telling import _CLICKS as CLICKS_NAMESPACE
from tests.chaos.desk.auditing import Message
from tests.chaos.desk.crowd import Done, judgements
from tests.chaos.desk.run import STRANGERS, Run
from tests.chaos.desk.telegram import Stood

#: What is older when its turn comes is asked about: then it was not done, and that is right.
STALE_S = 60.0
#: To what a thing that somebody did comes.
_STATES = {
    "risk": "done",
    "snooze": "done",
    "asked": "done",
    "judged": "done",
    "refused": "ignored",
    "forged": "ignored",
}
_ANSWERED = ("risk", "asked", "snooze", "refused")
_ACTS = ("risk", "snooze")
_CHAIN = (
    "SELECT payload->>'before', payload->>'after' FROM records"
    " WHERE event = 'operator_act' AND payload->>'act' = 'risk'"
    " ORDER BY array_position(%s::text[], record_id::text)"
)


def act_id(one: Done) -> str:
    """Of the record of an act."""
    return str(uuid.uuid5(ACTS_NAMESPACE, f"{one.update_id}:{one.what}"))


def click_id(update_id: int) -> str:
    """Of the record of a click."""
    return str(uuid.uuid5(CLICKS_NAMESPACE, str(update_id)))


class Outcomes:
    """What came of all that was done. late: what was asked about instead of done, for it had waited for too long."""

    def __init__(self, run: Run, everything: Sequence[Done]) -> None:
        self._run, self._all = run, everything
        self.late = {
            number
            for (number,) in run.rows(
                "SELECT update_id FROM desk_updates WHERE state = 'asked'"
                " AND done_at - (update->>'sent_at')::timestamptz > %s * interval '1 s'",
                STALE_S,
            )
        }
        self._done = [one for one in everything if one.update_id not in self.late]
        self._judged = judgements(self._done)
        self.acts = [one for one in self._done if one.what in _ACTS]

    def records(self) -> dict[str, str]:
        """The records that must be stored, by id, with what each is of."""
        acts = {act_id(one): f"{one.what} {one}" for one in self.acts}
        return acts | {click_id(number): f"click {number} {said}" for number, said in self._judged.items()}

    def stored(self) -> Counter[str]:
        """How often which record is."""
        query = "SELECT record_id::text, count(*)::int FROM records WHERE event = ANY(%s) GROUP BY 1"
        return Counter(dict(self._run.rows(query, ["operator_act", "feedback_click"])))

    def wrong(self, answers: Sequence[Message], stood: Sequence[Stood]) -> list[str]:
        """Everything that is not as it should be. stood: messages since the first of it was done."""
        return [
            *self._recorded(),
            *self._each_once(),
            *self._feedback(),
            *self._risk(),
            *self._snoozes(),
            *self._answers(answers, stood),
            *self._strangers(stood),
        ]

    def _recorded(self) -> Iterator[str]:
        """One record for each act and each click that changed something."""
        wanted, found = self.records(), self.stored()
        yield from (
            f"record {one} of {wanted.get(one)}: stored {n} times" for one, n in found.items() if n > 1
        )
        yield from (f"no record {one} of {wanted[one]}" for one in wanted.keys() - found.keys())
        late = {act_id(one): one for one in self._all if one.update_id in self.late}
        for one in found.keys() - wanted.keys():
            known = late.get(one)
            yield f"a record too many, {one}: " + (
                f"{known} was only asked about" if known else "of nothing known"
            )

    def _each_once(self) -> Iterator[str]:
        """Every update of somebody with a role is stored once, and came to what it should; no other is kept."""
        query = "SELECT update_id, state, result FROM desk_updates"
        rows = {number: row for number, *row in self._run.rows(query)}
        for one in self._all:
            state, result = rows.pop(one.update_id, (None, None))
            wanted = _STATES.get(one.what)
            if one.what == "judged" and one.update_id not in self._judged:
                wanted = "ignored"  # it says nothing new
            if state != wanted and one.update_id not in self.late:
                yield f"update {one}: is {state} ({result}), should be {wanted}"
        yield from (f"update {number} is stored, and nobody sent it: {row}" for number, row in rows.items())

    def _feedback(self) -> Iterator[str]:
        """Every click that changed something is kept once, and the last one counts."""
        columns = "ref_id, user_id, kind, value"
        rows = self._run.rows(f"SELECT update_id, {columns} FROM feedback")
        found = {number: tuple(row) for number, *row in rows}
        for number in sorted(self._judged.keys() | found.keys()):
            if self._judged.get(number) != found.get(number):
                yield f"click {number}: kept as {found.get(number)}, should be {self._judged.get(number)}"
        last = {said[:3]: said[3] for _, said in sorted(self._judged.items())}
        rows = self._run.rows(f"SELECT {columns} FROM feedback_latest")
        standing = {tuple(row[:3]): row[3] for row in rows}
        for key in sorted(last.keys() | standing.keys()):
            if last.get(key) != standing.get(key):
                yield f"last word of {key}: {standing.get(key)}, should be {last.get(key)}"

    def _risk(self) -> Iterator[str]:
        """The last /risk counts, and each began from what the one before it had led to: in order, and once."""
        risks = [one for one in sorted(self.acts, key=lambda one: one.update_id) if one.what == "risk"]
        ((kept,),) = self._run.rows("SELECT base_risk_pct FROM desk_risk") or [(None,)]
        if risks and kept != Decimal(risks[-1].value):
            yield f"/risk is {kept}, should be {risks[-1].value} ({risks[-1]})"
        chain = self._run.rows(_CHAIN, [act_id(one) for one in risks])
        for before, after in pairwise(chain):
            if after[0] != before[1]:
                yield f"/risk went from {after[0]} to {after[1]}, and the one before it to {before[1]}"

    def _snoozes(self) -> Iterator[str]:
        """They stand where they were asked for, and nowhere else; and nobody paused anything."""
        wanted = {one.value for one in self.acts if one.what == "snooze"}
        found = set(self._run.rows("SELECT chat_id, category FROM snoozes"))
        if wanted != found:
            yield f"snoozes too many: {found - wanted}, missing: {wanted - found}"
        for row in self._run.rows("SELECT * FROM control_state WHERE state = 'paused'"):
            yield f"somebody paused everything: {row}"

    def _answers(self, answers: Sequence[Message], stood: Sequence[Stood]) -> Iterator[str]:
        """Each command is answered once, or once more with the mark. Digests are accounted for, too."""
        numbers = {one.key.removeprefix("answer:") for one in answers}
        for one in self._done:
            due = one.what in _ANSWERED
            if due != (str(one.update_id) in numbers):
                yield f"update {one}: {'no' if due else 'an'} answer"
        in_chats = {one.message_id for one in stood}
        for message in answers:
            if message.state not in ("sent", "uncertain"):
                yield message.told("an answer in another state")
            is_answer = message.key.startswith("answer:")
            if is_answer and message.state == "sent" and not set(message.message_ids) <= in_chats:
                yield message.told("an answer that is sent, and stands nowhere")
        yield from _unaccounted(answers, stood)

    def _strangers(self, stood: Sequence[Stood]) -> Iterator[str]:
        """Nothing is kept of them, and nothing is said to them."""
        strangers = list(STRANGERS)
        for table in ("feedback", "desk_confirmations", "desk_users"):
            for row in self._run.rows(f"SELECT * FROM {table} WHERE user_id = ANY(%s)", strangers):
                yield f"{table} holds a stranger: {row}"
        query = "SELECT update_id FROM desk_updates WHERE (update->>'user_id')::bigint = ANY(%s)"
        for row in self._run.rows(query, strangers):
            yield f"update {row[0]} of a stranger was stored"
        for one in stood:
            if one.chat.isdigit() and int(one.chat) in STRANGERS:
                yield f"a stranger was told {one.text[:60]!r}"


def _unaccounted(answers: Sequence[Message], stood: Sequence[Stood]) -> Iterator[str]:
    """A message that no row knows is one whose call had no answer; what comes after such a one is marked."""
    known = {number for one in answers for number in one.message_ids}
    doubts: Counter[str] = Counter()
    for message in answers:
        doubts[message.chat] += message.lost
    unknown = Counter(one.chat for one in stood if one.message_id not in known and one.ref is None)
    for chat, count in unknown.items():
        if count > doubts[chat]:
            yield f"chat {chat}: {count} answers that no row knows, {doubts[chat]} are accounted for"
    sent = {number: one for one in answers for number in one.message_ids if one.lost}
    for it in stood:
        if it.message_id in sent and not it.marked:
            yield sent[it.message_id].told("sent after a doubt, and without the mark")
