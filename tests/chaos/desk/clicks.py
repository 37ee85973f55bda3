"""A thousand clicks and commands while desks and senders are killed; then each is looked for where it must have led to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from desk.auditing import _ACTS as ACTS_NAMESPACE
from desk.feedback.clicks import _CLICKS as CLICKS_NAMESPACE
from tests.chaos.desk.auditing import Message, messages_of
from tests.chaos.desk.crowd import Crowd, Done, judgements
from tests.chaos.desk.run import LOGICAL, STRANGERS, Run
from tests.chaos.desk.telegram import Stood

#: A second.
RATE = 12.0
SETTLE_S = 240.0
#: What is older when its turn comes is asked about: then it was not done, and that is right.
STALE_S = 60.0


class Clicked(NamedTuple):
    """What came of all of them."""

    updates: int
    kinds: dict[str, int]
    feedback: int
    acts: int
    answers: int
    repeated: int
    uncertain: int
    asked_late: int
    strangers_counted: int
    kills: int
    took_s: float
    wrong: list[str]


def run_clicks(run: Run, updates: int) -> Clicked:
    """Let people do so many things, through faults, and count."""
    crowd = Crowd(run, _standing(run))
    first_message = len(run.chats.stood)
    processes = [run.start(name) for name in ("desk", "desk", "sender", "sender")]
    worker = run.rig.start_worker()
    run.chats.well = False
    began, kills = time.monotonic(), run.kills

    def step() -> bool:
        due = int((time.monotonic() - began) * RATE)
        while len(crowd.done) < min(due, updates):
            crowd.act()
        run.disorder.harm_a_poll()
        return len(crowd.done) >= updates

    wrong = run.while_killing(processes, step, SETTLE_S)
    if not run.settle(processes, lambda: _at_rest(run, crowd.done), SETTLE_S):
        wrong.append(f"after {SETTLE_S:.0f} s: {_left(run, crowd.done)}")
    took_s = time.monotonic() - began
    run.chats.well = True
    wrong += _stored(run, crowd.done, processes)
    for child in (*processes, worker):
        child.kill()
    late = _asked_late(run)
    done = [one for one in crowd.done if one.update_id not in late]
    answers = [one for one in messages_of(run, "answer") if one.key.startswith("answer:")]
    wrong += [
        *_each_once(run, crowd.done),
        *_feedback(run, done),
        *_kept(run, done),
        *_answers(run, crowd.done, answers, run.chats.stood[first_message:]),
        *_strangers(run, run.chats.stood[first_message:]),
    ]
    ((counted,),) = run.rows("SELECT coalesce(sum(n), 0)::int FROM desk_refused WHERE reason = 'stranger'")
    return Clicked(
        len(crowd.done),
        dict(crowd.count()),
        len(run.rows("SELECT FROM feedback")),
        len(_expected_acts(done)),
        len(answers),
        sum(one.marked for one in run.chats.stood[first_message:]),
        sum(one.state == "uncertain" for one in answers),
        len(late),
        counted,
        run.kills - kills,
        took_s,
        wrong,
    )


def _standing(run: Run) -> dict[str, dict[int, int]]:
    """Alerts that are known to stand in their chats and have long to live."""
    rows = run.rows(
        "SELECT a.ref_id, o.chat_id, o.message_ids[1] FROM alerts a JOIN alert_chats c USING (ref_id)"
        " JOIN outbox o USING (message_key) WHERE o.state = 'sent' AND a.expires_at > now() + interval '20 min'"
        " ORDER BY a.ref_id LIMIT 400"
    )
    where: dict[str, dict[int, int]] = {}
    for ref, chat, message_id in rows:
        if chat not in LOGICAL:
            where.setdefault(ref, {})[int(chat)] = message_id
    return where


def _left(run: Run, done: list[Done]) -> dict[str, int]:
    """What still waits, by what it waits for."""
    ((stored, waiting),) = run.rows(
        "SELECT count(*), count(*) FILTER (WHERE state = 'waiting') FROM desk_updates"
    )
    ((messages,),) = run.rows("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
    ((edits,),) = run.rows("SELECT count(*) FROM outbox_edits WHERE state IN ('queued', 'sending')")
    known = sum(one.what != "stranger" for one in done)
    return {
        "not confirmed": run.server.unconfirmed,
        "not stored": known - stored,
        "not acted on": waiting,
        "messages": messages,
        "edits": edits,
    }


def _at_rest(run: Run, done: list[Done]) -> bool:
    return not any(_left(run, done).values())


def _stored(run: Run, done: list[Done], processes: list[object]) -> list[str]:
    """Wait until the worker has stored what was recorded; what is missing or there twice."""
    late = _asked_late(run)
    wanted = _expected_acts([one for one in done if one.update_id not in late]) | {
        str(uuid.uuid5(CLICKS_NAMESPACE, str(number)))
        for number in judgements([one for one in done if one.update_id not in late])
    }

    def counts() -> dict[str, int]:
        query = "SELECT record_id::text, count(*)::int FROM records WHERE event = ANY(%s) GROUP BY 1"
        return dict(run.rows(query, ["operator_act", "feedback_click"]))

    run.settle(processes, lambda: wanted <= counts().keys(), SETTLE_S / 4)  # type: ignore[arg-type]
    found = counts()
    wrong = [f"record {one}: stored {n} times" for one, n in found.items() if n > 1]
    missing, surplus = wanted - found.keys(), found.keys() - wanted
    by_id = {str(uuid.uuid5(ACTS_NAMESPACE, f"{one.update_id}:{one.what}")): one for one in done} | {
        str(uuid.uuid5(CLICKS_NAMESPACE, str(one.update_id))): one for one in done
    }
    wrong += [f"no record of {by_id.get(one)}" for one in missing]
    wrong += [f"a record too many: {one} of {by_id.get(one)}" for one in surplus if by_id.get(one) is None or by_id[one].update_id not in late]
    return wrong


def _expected_acts(done: list[Done]) -> set[str]:
    """Ids of the records of acts."""
    return {
        str(uuid.uuid5(ACTS_NAMESPACE, f"{one.update_id}:{one.what}")) for one in done if one.what in ("risk", "snooze")
    }


def _asked_late(run: Run) -> set[int]:
    """Updates that waited for so long that the desk asked whether to do them."""
    query = "SELECT update_id FROM desk_updates WHERE state = 'asked' AND done_at - received_at > %s * interval '1 s'"
    return {number for (number,) in run.rows(query, STALE_S - 2)}


_STATES = {"risk": "done", "snooze": "done", "asked": "done", "judged": "done", "refused": "ignored", "forged": "ignored"}


def _each_once(run: Run, done: list[Done]) -> list[str]:
    """Every update of somebody with a role is stored once, and came to what it should; of strangers nothing is kept."""
    rows = {number: row for number, *row in run.rows("SELECT update_id, state, result, update FROM desk_updates")}
    late = _asked_late(run)
    kept = judgements([one for one in done if one.update_id not in late])
    wrong = []
    for one in done:
        state, result, _ = rows.pop(one.update_id, (None, None, None))
        wanted = _STATES.get(one.what)
        if one.what == "judged" and one.update_id not in kept:
            wanted = "ignored"  # nothing new
        if one.what == "forged" and "\x00" in str(one.value):
            wanted = state  # whatever is made of it
        if state != wanted and one.update_id not in late:
            wrong.append(f"update {one}: is {state} ({result}), should be {wanted}")
    return wrong + [f"update {number}: stored, and nobody sent it: {row}" for number, row in rows.items()]


def _feedback(run: Run, done: list[Done]) -> list[str]:
    """Every click that changed something is kept once, and the last one counts."""
    wanted = judgements(done)
    query = "SELECT update_id, ref_id, user_id, kind, value FROM {}"
    found = {number: tuple(row) for number, *row in run.rows(query.format("feedback"))}
    wrong = [
        f"click {number}: kept as {found.get(number)}, should be {wanted.get(number)}"
        for number in sorted(wanted.keys() | found.keys())
        if wanted.get(number) != found.get(number)
    ]
    last = {(ref, user, kind): value for ref, user, kind, value in wanted.values()}
    said = {(ref, user, kind): value for _, ref, user, kind, value in run.rows(query.format("feedback_latest"))}
    return wrong + [
        f"last word of {key}: {said.get(key)}, should be {last.get(key)}"
        for key in sorted(last.keys() | said.keys())
        if last.get(key) != said.get(key)
    ]


def _kept(run: Run, done: list[Done]) -> Iterator[str]:
    """The last /risk counts; snoozes stand where they were asked for, and nowhere else; nothing was paused."""
    risks = [one for one in sorted(done) if one.what == "risk"]
    ((risk,),) = run.rows("SELECT base_risk_pct FROM desk_risk") or [(None,)]
    if risks and risk != Decimal(risks[-1].value):
        yield f"/risk is {risk}, should be {risks[-1].value} (update {risks[-1].update_id})"
    wanted = {one.value for one in done if one.what == "snooze"}
    found = set(run.rows("SELECT chat_id, category FROM snoozes"))
    if wanted != found:
        yield f"snoozes too many: {found - wanted}, missing: {wanted - found}"
    # what each act began from is what the one before it led to: they were done in order, and once
    chain = run.rows(
        "SELECT payload->>'before', payload->>'after' FROM records WHERE event = 'operator_act' AND payload->>'act' = 'risk'"
        " ORDER BY record_id::text = ANY(%s), array_position(%s, record_id::text)",
        [],
        [str(uuid.uuid5(ACTS_NAMESPACE, f"{one.update_id}:risk")) for one in risks],
    )
    for place in range(1, len(chain)):
        if chain[place][0] != chain[place - 1][1]:
            yield f"/risk number {place} went from {chain[place][0]}, the one before it to {chain[place - 1][1]}"
    ((paused,),) = run.rows("SELECT count(*) FROM control_state WHERE state = 'paused'")
    if paused:
        yield "somebody paused everything"


def _answers(run: Run, done: list[Done], answers: list[Message], stood: list[Stood]) -> Iterator[str]:
    """Each command is answered once, or once more with the mark."""
    by_number = {one.key.removeprefix("answer:"): one for one in answers}
    in_chats = {one.message_id: one for one in stood}
    for one in done:
        due = one.what in ("risk", "asked", "snooze", "refused")
        if due != (str(one.update_id) in by_number) and one.update_id not in _asked_late(run):
            yield f"update {one}: {'no' if due else 'an'} answer"
    for message in answers:
        if message.state == "sent" and not set(message.message_ids) <= in_chats.keys():
            yield message.told("an answer that is sent, and stands nowhere")
        if message.state not in ("sent", "uncertain"):
            yield message.told("an answer in another state")
    known = {number for one in answers for number in one.message_ids}
    doubts: dict[str, int] = {}
    for message in answers:
        doubts[message.chat] = doubts.get(message.chat, 0) + message.lost
    for chat in {one.chat for one in stood}:
        unknown = [one for one in stood if one.chat == chat and one.message_id not in known and one.ref is None]
        if len(unknown) > doubts.get(chat, 0):
            yield f"chat {chat}: {len(unknown)} answers that no row knows, {doubts.get(chat, 0)} are accounted for"


def _strangers(run: Run, stood: list[Stood]) -> Iterator[str]:
    """Nothing is kept of them, and nothing is said to them."""
    for table in ("feedback", "desk_confirmations", "desk_users"):
        for row in run.rows(f"SELECT * FROM {table} WHERE user_id = ANY(%s)", list(STRANGERS)):  # noqa: S608
            yield f"{table} holds a stranger: {row}"
    if run.rows("SELECT FROM desk_updates WHERE (update->>'user_id')::bigint = ANY(%s)", list(STRANGERS)):
        yield "an update of a stranger was stored"
    for one in stood:
        if one.chat.isdigit() and int(one.chat) in STRANGERS:
            yield f"a stranger was told {one.text[:60]!r}"
