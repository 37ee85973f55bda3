"""Guards that are killed again and again while endpoints are slow and well in turn: no alert twice, none missed."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from guard.model.counting import named
from signaltape import Settings
from signaltape.shipping.service import ship_once
from sink.db import Connection
from tests.chaos.child import Child
from tests.chaos.rig import STREAM, Rig
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server
from tests.support.guarding import SLOW, Measures
from tests.support.waiting import eventually

ENDPOINTS = tuple(f"GET /api/part/{number}" for number in range(12))
#: Windows of ten seconds, the shortest that there are: so an endpoint is slow for a while, then well for a while.
RULES = SLOW.replace('window = "30s"', 'window = "10s"')
_SLOW_S, _WELL_S = 14.0, 26.0
_KILL_EVERY_S = 1.4
_EVERY_S = 0.5
_SETTLE_S = 90.0
_CHAT = "101"


class KillsCounted(NamedTuple):
    """What the run came to. wrong: all that is not as without kills."""

    kills: int
    took_s: float
    measurements: int
    alerts: int
    messages: int
    repeated_with_a_mark: int
    wrong: list[str]


class Endpoints:
    """Each is slow for a while, then well for a while, each with a beginning of its own; what it was is counted."""

    def __init__(self, measures: Measures, chance: random.Random) -> None:
        self._measures = measures
        self._begin = {one: chance.uniform(0, _WELL_S) for one in ENDPOINTS}
        self._began = time.monotonic()
        self._was_slow: set[str] = set()
        self._ended = False
        self.episodes: Counter[str] = Counter()
        self.put = 0

    def measure(self) -> None:
        """One record of each, as it is now."""
        for one in ENDPOINTS:
            is_slow = self._is_slow(one)
            if is_slow and one not in self._was_slow:
                self.episodes[one] += 1
            self._was_slow = self._was_slow | {one} if is_slow else self._was_slow - {one}
            self._measures.put(*[900.0 if is_slow else 20.0] * 5, name=one)
            self.put += 1

    def end(self) -> None:
        """From now on none begins to be slow."""
        self._ended = True

    def _is_slow(self, one: str) -> bool:
        since = time.monotonic() - self._began - self._begin[one]
        is_slow = since >= 0 and since % (_SLOW_S + _WELL_S) < _SLOW_S
        return is_slow and (not self._ended or one in self._was_slow)


def run_kills(kills: int, seed: int) -> KillsCounted:
    """Kill so often, let all become well, compare."""
    began = time.monotonic()
    chance = random.Random(f"{seed}:guards")
    with Rig(1, seed="guards", anew=False) as rig, updates_server() as server, rig.redis() as client:
        rules = rig.home / "rules.toml"
        rules.write_text(RULES)
        rig.environment.update(_environment(rig, server, str(rules)))
        guards = _Guards(rig, chance)
        endpoints = Endpoints(Measures(client, STREAM), chance)
        _measure_while_killing(endpoints, guards, kills)
        wrong = guards.wrong + _settled(rig, endpoints)
        wrong += rig.stop_all()
        ship_once(Settings.from_env(rig._usual_environment()))
        with rig.database() as connection:
            wrong += list(_wrong(connection, client, endpoints))
            marked, told_twice = _in_the_chat(connection, server)
            wrong += told_twice
            return KillsCounted(
                guards.kills,
                time.monotonic() - began,
                endpoints.put,
                endpoints.episodes.total(),
                _number(connection, "SELECT count(*) FROM outbox WHERE starts_with(message_key, 'guard:')"),
                marked,
                wrong,
            )


class _Guards:
    """Two of them, of which one stands by."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self._rig, self._chance = rig, chance
        self._processes = [self._start() for _ in range(2)]
        self.kills = 0
        self.wrong: list[str] = []

    def kill(self) -> None:
        """One of them, which then begins again."""
        place = self._chance.randrange(len(self._processes))
        child = self._processes[place]
        if child.running:
            child.kill()
            self.kills += 1
        else:
            self.wrong.append(f"a guard ended by itself: {child.last_line()}")
        self._processes[place] = self._start()

    def _start(self) -> Child:
        return self._rig.start("guard", "guard")


def _measure_while_killing(endpoints: Endpoints, guards: _Guards, kills: int) -> None:
    next_kill = time.monotonic() + 2 * _KILL_EVERY_S
    while guards.kills < kills:
        endpoints.measure()
        time.sleep(_EVERY_S)  # between two measurements
        if time.monotonic() >= next_kill:
            guards.kill()
            next_kill = time.monotonic() + _KILL_EVERY_S


def _settled(rig: Rig, endpoints: Endpoints) -> list[str]:
    """All become well, every alert is over, every message is in its chat."""
    endpoints.end()

    def is_over(connection: Connection) -> bool:
        endpoints.measure()
        time.sleep(_EVERY_S)  # between two measurements
        open_ones = _number(connection, "SELECT count(*) FROM guard_alerts WHERE state <> 'resolved'")
        waiting = _number(connection, "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')")
        recorded = _number(connection, "SELECT count(*) FROM tape_records")
        folded = _number(connection, "SELECT sum(n)::bigint FROM guard_minutes") == 5 * endpoints.put
        return not (open_ones or waiting or recorded or endpoints._was_slow) and folded

    try:
        with rig.database() as connection:
            eventually(lambda: is_over(connection), _SETTLE_S)
    except AssertionError:
        return [
            "it did not come to an end: an alert is open, or a message waits, or a measurement is not folded"
        ]
    return []


def _wrong(connection: Connection, client: Any, endpoints: Endpoints) -> Iterator[str]:
    """Alerts, measurements and records that are not as they should be."""
    found: Counter[str] = Counter(
        dict(connection.execute("SELECT subject, count(*) FROM guard_alerts GROUP BY 1").fetchall())
    )
    wanted = {named(one, "ib-1"): n for one, n in endpoints.episodes.items()}
    for subject in sorted(found | Counter(wanted)):
        if found[subject] != wanted.get(subject, 0):
            yield f"{subject}: {wanted.get(subject, 0)} times slow, {found[subject]} alerts"
    not_once = _number(connection, "SELECT count(*) FROM guard_alerts WHERE told <> 1 OR message_key IS NULL")
    if not_once:
        yield f"{not_once} alerts were not told once"
    folded = _number(connection, "SELECT sum(n)::bigint FROM guard_minutes")
    if folded != 5 * endpoints.put:
        yield f"{5 * endpoints.put} values measured, {folded} folded"
    said: dict[str, bytes] = {}
    for _, fields in client.xrange(f"{STREAM}:{{0}}"):
        if fields[b"event"] == b"system_alert":
            record = msgspec.json.decode(fields[b"data"])
            if said.setdefault(record["id"], fields[b"data"]) != fields[b"data"]:
                yield f"{record['id']} says two things"
    if len(said) != 2 * endpoints.episodes.total():
        yield f"{endpoints.episodes.total()} alerts, {len(said)} records of their beginning and end"


def _in_the_chat(connection: Connection, server: UpdatesServer) -> tuple[int, list[str]]:
    """Messages that say that they may repeat another, and what stands there more often than it should."""
    bodies = connection.execute("SELECT body FROM outbox WHERE starts_with(message_key, 'guard:')").fetchall()
    wanted = Counter(body.strip() for (body,) in bodies)
    stood = list(server.chat.messages.values())
    marked = [text for text in stood if "may repeat" in text.rsplit("\n\n", 1)[-1]]
    plain = Counter(re.sub(r"\n\nmay repeat.*\Z", "", text).strip() for text in stood if text not in marked)
    twice = [f"told {n} times: {text!r}" for text, n in plain.items() if n > wanted[text]]
    untold = [
        f"never told: {text!r}"
        for text in wanted
        if not any(text.startswith(one[:40]) for one in (*plain, *marked))
    ]
    return len(marked), twice + untold


def _environment(rig: Rig, server: UpdatesServer, rules: str) -> dict[str, str]:
    return {
        "REDIS_URL": rig.valkey.url,
        "DATABASE_URL": rig.direct_database.reveal(),
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_CHAT_ID": _CHAT,
        "TELEGRAM_API_BASE": server.base,
        "SIGNALTAPE_GUARD_RULES": rules,
        "SIGNALTAPE_GUARD_EVERY_S": "0.3",
    }


def _number(connection: Connection, query: Any) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0
