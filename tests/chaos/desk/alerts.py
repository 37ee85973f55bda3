"""Alerts to twelve chats, while desks and senders are killed; then each message is counted where it stands."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from signaltape import Emitter
from tests.chaos.desk.auditing import Message, messages_of, said_of_alerts, wrong_in_chats
from tests.chaos.desk.child import CALL_TIMEOUT_S
from tests.chaos.desk.run import BLOCKED, CATEGORIES, GROUP, SUPERGROUP, Run
from tests.chaos.pacing import too_fast
from tests.chaos.sender import LIMITS

#: A second, at most: no more are said while so many wait to be decided on, or to be sent, for the machine may be slow.
RATE = 20.0
MOST_UNDECIDED, MOST_UNSENT = 40, 250
LOOK_EVERY_S = 0.25
#: One in so many has a minute to live; one in so many comes a second time under its reference; of one in so many the
#: engine says it twice, word for word.
HURRIED, SAME_REF, SAME = 6, 25, 20
HURRIED_MIN, LASTING_MIN = 1, 90
SYMBOLS = ("BTC", "ETH", "SOL", "XRP", "DOGE")
#: What a busy machine may add to the time between a sender's turn and the server's clock.
JITTER_S = 0.75
#: … and so many calls of a chat are looked at together.
CALLS_OF_A_CHAT = 60
LATE_S = CALL_TIMEOUT_S + 1.0
#: A busy machine takes its time: what is promised of times is promised of each message.
SAID_WITHIN_S, SETTLE_S = 1800.0, 600.0
_DECIDED_S = (
    "SELECT percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY s::float8)"
    " FROM (SELECT extract(epoch FROM decided_at - ts) AS s FROM alerts) a"
)


class Emitted(NamedTuple):
    """An alert that an engine has said."""

    category: str
    expires_at: datetime


class Counted(NamedTuple):
    """What came of all of them."""

    alerts: int
    messages: int
    sent: int
    marked: int
    twice: int
    uncertain: int
    expired: int
    held: dict[str, int]
    #: from said to decided, in seconds: half of them, 99 of 100, all within
    decided_s: list[float]
    kills: int
    took_s: float
    wrong: list[str]


def run_alerts(run: Run, alerts: int) -> Counted:
    """Emit so many, through faults, and count."""
    processes = [run.start(name) for name in ("desk", "desk", "sender", "sender")]
    began = time.monotonic()
    load = _Load(run, alerts)
    with Emitter(run.settings()) as tape:
        wrong = run.while_killing(processes, lambda: load.step(tape), SAID_WITHIN_S)
        run.chats.blocked.clear()
        if not run.settle(processes, lambda: _at_rest(run, load), SETTLE_S):
            wrong.append(f"messages still wait after {SETTLE_S:.0f} s: {_waiting(run)}")
    run.chats.well = True
    for child in processes:
        child.kill()
    messages = messages_of(run)
    wrong += [
        *wrong_in_chats(run, messages, LATE_S),
        *said_of_alerts(run, load.emitted, messages),
        *too_fast(run.chats.times, LIMITS, JITTER_S, CALLS_OF_A_CHAT),
        *run.ended_by_themselves,
    ]
    return _counted(run, load, messages, time.monotonic() - began, wrong)


class _Load:
    """Says alerts at a steady pace; faults begin with the first, and a group moves amid them."""

    def __init__(self, run: Run, alerts: int) -> None:
        #: by reference; whichever of one reference is taken first counts, and desks share the stream
        self.emitted: dict[str, list[Emitted]] = {}
        self._run, self._alerts = run, alerts
        self._chance: random.Random = run.chance
        self._began = self._next_look = 0.0
        self._number = 0

    @property
    def all_said(self) -> bool:
        return self._number >= self._alerts

    def step(self, tape: Emitter) -> bool:
        """Say what is due; faults come and go as it goes on. Whether all was said."""
        if not self._began:
            self._began = time.monotonic()
            self._run.chats.well = False
            self._run.chats.blocked.add(BLOCKED)
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY_S
            for _ in range(round(RATE * LOOK_EVERY_S) if self._has_room() else 0):
                self._say(tape, self._number)
                self._number += 1
        if self._number > self._alerts // 3:
            self._run.chats.moved[GROUP] = SUPERGROUP
        if self._number > self._alerts * 2 // 3:
            self._run.chats.blocked.clear()
        self._run.disorder.harm_a_poll()
        return self.all_said

    def _has_room(self) -> bool:
        ((decided,),) = self._run.rows("SELECT count(*) FROM alerts WHERE ref_id LIKE 'chaos%%'")
        query = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending') AND chat_id <> ALL(%s)"
        ((unsent,),) = self._run.rows(query, list(self._run.chats.blocked))
        undecided = len(self.emitted) - int(decided)
        return undecided < MOST_UNDECIDED and int(unsent) < MOST_UNSENT

    def _say(self, tape: Emitter, number: int) -> None:
        category = self._chance.choice(CATEGORIES)
        again = number % SAME_REF == SAME_REF - 1 and bool(self.emitted)
        ref = self._chance.choice(list(self.emitted)) if again else f"chaos_{number:05d}"
        now = datetime.now(UTC)
        minutes = HURRIED_MIN if number % HURRIED == 0 else LASTING_MIN
        alert = {
            "category": category,
            "ref_id": ref,
            "symbol": f"{self._chance.choice(SYMBOLS)}-USDT",
            "side": "long",
            "confidence": 50 + number % 50,
            "timestamp": now,
            "lines": [f"number {number}"],
            "expiry_minutes": minutes,
        }
        record = {**alert, "id": f"0196f3a0-0000-7000-8000-{number:012d}"}
        for _ in range(2 if number % SAME == 0 else 1):
            assert tape.alert(record), f"alert {number} was refused"
        said = Emitted(category, now + timedelta(minutes=minutes))
        self.emitted.setdefault(ref, []).append(said)


def _at_rest(run: Run, load: _Load) -> bool:
    """Whether all was decided on, and no message waits."""
    ((decided,),) = run.rows("SELECT count(*) FROM alerts WHERE ref_id LIKE 'chaos%%'")
    return decided >= len(load.emitted) and not _waiting(run)


def _waiting(run: Run) -> dict[str, int]:
    return dict(
        run.rows(
            # what an uncertain message is to become waits until more is known of it
            "SELECT state, count(*) FROM (SELECT state FROM outbox UNION ALL SELECT e.state FROM outbox_edits e"
            " JOIN outbox o USING (message_key) WHERE o.state <> 'uncertain') w"
            " WHERE state IN ('queued', 'sending') GROUP BY 1"
        )
    )


def _counted(run: Run, load: _Load, messages: list[Message], took_s: float, wrong: list[str]) -> Counted:
    states = Counter(one.state for one in messages)
    held = run.rows("SELECT reason, count(*)::int FROM alerts WHERE decision = 'held' GROUP BY 1")
    return Counted(
        len(load.emitted),
        len(messages),
        states["sent"],
        sum(one.marked for one in run.chats.stood),
        sum(len(one.stood) > 1 for one in messages),
        states["uncertain"],
        states["expired"],
        dict(held),
        [round(one, 1) for one in run.rows(_DECIDED_S)[0][0]],
        run.kills,
        took_s,
        wrong,
    )
