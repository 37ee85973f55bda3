"""What stands in the chats against what the tables say: each line that comes out names what is wrong and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from tests.chaos.desk.run import LOGICAL, Run, chats_of
from tests.chaos.desk.telegram import Stood, by_message

#: Two doubts, and a person should look.
_MOST = 2
#: Why an alert may be held in this run: half its life is over, all of it, or it was sent and came nowhere.
_TOO_LATE, _NOWHERE = ("stale", "expired"), "not_sent"


class Expected(Protocol):
    """What was emitted."""

    @property
    def category(self) -> str: ...

    @property
    def expires_at(self) -> datetime: ...


class Message(Struct):
    """A row of the outbox, and what of it stands in its chat.

    ended_s: when it reached its last state, counted from the end of its time; replied: the state of what it replies to.
    """

    key: str
    chat: str
    state: str
    error: str
    lost: int
    message_ids: list[int]
    not_after: datetime
    ended_s: float
    replied: str | None
    stood: list[Stood] = []

    def told(self, what: str) -> str:
        """A line that says what is wrong with it."""
        seen = (
            ", ".join(f"{one.message_id}{' marked' if one.marked else ''}" for one in self.stood) or "nothing"
        )
        return (
            f"{self.key}: {what} (state {self.state}, {self.lost} lost, known as {self.message_ids},"
            f" in the chat: {seen}; said: {self.error or '-'})"
        )


def messages_of(run: Run, kind: str = "alert") -> list[Message]:
    """All messages of a kind, each with what stands of it."""
    rows = run.rows(
        "SELECT o.message_key, o.chat_id, o.state, coalesce(o.last_error, ''), o.lost_stubs, o.message_ids,"
        " o.not_after, extract(epoch FROM o.updated_at - o.not_after)::float8, r.state"
        " FROM outbox o LEFT JOIN outbox r ON r.message_key = o.reply_to WHERE o.kind = %s ORDER BY o.id",
        kind,
    )
    stood = by_message(run.chats.stood, LOGICAL)
    messages = [Message(*row) for row in rows]
    for one in messages:
        begin, *ref, chat = one.key.split(":")
        if ref:
            one.stood = stood.pop((ref[0], LOGICAL.get(chat, chat), begin == "alert-json"), [])
    return messages


def wrong_in_chats(run: Run, messages: list[Message], late_s: float) -> list[str]:
    """Everything that is not as it is promised, of the messages of alerts and their JSON."""
    wrong = [line for one in messages for line in _wrong(one, late_s)]
    known = {one.message_id for message in messages for one in message.stood}
    wrong += [
        f"message {one.message_id} in chat {one.chat} is in no row of the outbox: {one.text[:80]!r}"
        for one in run.chats.stood
        if one.message_id not in known and one.ref is not None
    ]
    return wrong


def _wrong(one: Message, late_s: float) -> Iterator[str]:
    count, unmarked = len(one.stood), sum(not it.marked for it in one.stood)
    if count > _MOST:
        yield one.told(f"stands {count} times in its chat")
    if unmarked > 1:
        yield one.told(f"stands {unmarked} times without the mark")
    yield from (one.told(f"not so: {what}") for holds, what in _by_state(one) if not holds)
    for it in one.stood:
        after_s = it.at - one.not_after.timestamp()
        if after_s > late_s:
            yield one.told(f"came {after_s:.1f} s after its time")


def _by_state(one: Message) -> list[tuple[bool, str]]:
    """What must hold of a message in its state."""
    ids = {it.message_id for it in one.stood}
    if one.state == "sent":
        return [(bool(one.message_ids) and set(one.message_ids) <= ids, "sent, and known to stand there")]
    if one.state == "uncertain":
        return [
            (
                one.lost == _MOST or one.ended_s >= 0,
                "uncertain after two doubts, or one and the end of its time",
            ),
            (bool(one.error), "uncertain with a reason"),
        ]
    if one.state == "expired":
        late = one.ended_s >= 0 or one.replied == "expired"
        return [
            (late, "expired when its time was over"),
            (not one.stood, "expired, and nothing of it in the chat"),
        ]
    if one.state == "failed":
        ended = one.replied in ("uncertain", "failed")
        return [
            (ended, "failed only where what it replies to stands under no number"),
            (not one.stood, "and unseen"),
        ]
    return [(False, "in a last state")]


def said_of_alerts(
    run: Run, emitted: Mapping[str, Sequence[Expected]], messages: Sequence[Message]
) -> list[str]:
    """Each alert that was said was decided on: sent to the chats of its category, or held for a reason that holds."""
    known = {
        one.key.split(":")[1] for one in messages if one.state == "sent" and one.key.startswith("alert:")
    }
    rows = {
        ref: row
        for ref, *row in run.rows(
            "SELECT a.ref_id, a.decision, a.reason, a.ts, a.decided_at, a.expires_at,"
            " array(SELECT c.chat_id FROM alert_chats c WHERE c.ref_id = a.ref_id AND c.message_key IS NOT NULL)"
            " FROM alerts a"
        )
    }
    wrong = [
        f"{ref}: {row[0]} as {row[1]}, and was never emitted under this name"
        for ref, row in rows.items()
        if ref not in emitted and row[1] != "duplicate"
    ]
    for ref, those in emitted.items():
        if ref not in rows:
            wrong.append(f"{ref}: was emitted, and nothing was decided on it")
            continue
        decision, reason, ts, decided_at, expires_at, chats = rows[ref]
        one = next((it for it in those if it.expires_at == expires_at), None)
        if one is None:
            wrong.append(f"{ref}: expires at {expires_at}, and no alert of this name does")
            continue
        due = sorted(map(str, chats_of(one.category)))
        if decision == "sent" and sorted(chats) != due:
            wrong.append(f"{ref}: sent to {sorted(chats)}, and {one.category} is for {due}")
        too_late = reason in _TOO_LATE and decided_at - ts > (expires_at - ts) / 2
        nowhere = reason == _NOWHERE and ref not in known
        if decision == "held" and not (too_late or nowhere):
            wrong.append(f"{ref}: held as {reason} after {decided_at - ts}, and was due until {expires_at}")
    return wrong
