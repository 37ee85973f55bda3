"""A thousand clicks and commands while desks and senders are killed; each is then looked for where it must lead to."""

from __future__ import annotations

import time
from typing import NamedTuple

from tests.chaos.child import Child
from tests.chaos.desk.auditing import messages_of
from tests.chaos.desk.crowd import Crowd, Done
from tests.chaos.desk.outcomes import Outcomes
from tests.chaos.desk.run import LOGICAL, Run

#: A second, at most: no more is done while so much waits, for an act that is a minute old is asked about.
RATE = 12.0
MOST_WAITING = 60
LOOK_EVERY_S = 0.25
DONE_WITHIN_S, SETTLE_S = 1200.0, 300.0
#: For the worker to store what was recorded.
STORED_WITHIN_S = 60.0


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
    crowd, first, kills = Crowd(run, _standing(run)), len(run.chats.stood), run.kills
    processes = [run.start(name) for name in ("desk", "desk", "sender", "sender")]
    worker = run.rig.start_worker()
    began = time.monotonic()
    wrong = _act(run, crowd, processes, updates)
    took_s = time.monotonic() - began
    outcomes = _stored(run, crowd.done, processes)
    for child in (*processes, worker):
        child.kill()
    answers = messages_of(run, "answer")
    stood = run.chats.stood[first:]
    wrong += outcomes.wrong(answers, stood)
    ((counted,),) = run.rows("SELECT coalesce(sum(n), 0)::int FROM desk_refused WHERE reason = 'stranger'")
    ((feedback,),) = run.rows("SELECT count(*) FROM feedback")
    return Clicked(
        len(crowd.done),
        dict(crowd.count()),
        feedback,
        len(outcomes.acts),
        sum(one.key.startswith("answer:") for one in answers),
        sum(one.marked for one in stood),
        sum(one.state == "uncertain" for one in answers),
        len(outcomes.late),
        counted,
        run.kills - kills,
        took_s,
        [*wrong, *run.ended_by_themselves],
    )


def _act(run: Run, crowd: Crowd, processes: list[Child], updates: int) -> list[str]:
    """Until all was done and is at rest; what went wrong with that."""
    next_look = 0.0

    def step() -> bool:
        nonlocal next_look
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + LOOK_EVERY_S
            run.disorder.harm_a_poll()
            room = MOST_WAITING - sum(_left(run, crowd.done).values())
            for _ in range(min(round(RATE * LOOK_EVERY_S), room, updates - len(crowd.done))):
                crowd.act()
        return len(crowd.done) >= updates

    run.chats.well = False
    wrong = run.while_killing(processes, step, DONE_WITHIN_S)
    if not run.settle(processes, lambda: not any(_left(run, crowd.done).values()), SETTLE_S):
        wrong.append(f"after {SETTLE_S:.0f} s there wait: {_left(run, crowd.done)}")
    run.chats.well = True
    return wrong


def _stored(run: Run, done: list[Done], processes: list[Child]) -> Outcomes:
    """Wait until the worker has stored what was recorded; if it does not, the outcomes say so."""
    outcomes = Outcomes(run, done)
    run.settle(processes, lambda: outcomes.records().keys() <= outcomes.stored().keys(), STORED_WITHIN_S)
    return outcomes


def _standing(run: Run) -> dict[str, dict[int, int]]:
    """Alerts that are known to stand in their chats and have long to live: chat → number of the message."""
    rows = run.rows(
        "SELECT a.ref_id, o.chat_id, o.message_ids[1] FROM alerts a JOIN alert_chats c USING (ref_id)"
        " JOIN outbox o USING (message_key) WHERE o.state = 'sent' AND a.expires_at > now() + interval '30 min'"
        " ORDER BY a.ref_id LIMIT 400"
    )
    where: dict[str, dict[int, int]] = {}
    for ref, chat, message_id in rows:
        if chat not in LOGICAL:
            where.setdefault(ref, {})[int(chat)] = message_id
    return where


def _left(run: Run, done: list[Done]) -> dict[str, int]:
    """What still waits, by what it waits for."""
    query = "SELECT count(*), count(*) FILTER (WHERE state = 'waiting') FROM desk_updates"
    ((stored, waiting),) = run.rows(query)
    ((messages,),) = run.rows("SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
    ((edits,),) = run.rows(
        "SELECT count(*) FROM outbox_edits e JOIN outbox o USING (message_key)"
        " WHERE e.state IN ('queued', 'sending') AND o.state <> 'uncertain'"
    )
    known = sum(one.what != "stranger" for one in done)
    return {
        "not confirmed": run.server.unconfirmed,
        "not stored": known - stored,
        "not acted on": waiting,
        "messages": messages,
        "edits": edits,
    }
