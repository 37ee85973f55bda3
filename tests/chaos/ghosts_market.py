"""A market, a ghost and a worker that are killed again and again, beside exchanges that go on and people who go on.

A market that is killed misses seconds: the tape is not the one it would have been. What is on it must be right, whole
by the minute, and followed as if nobody had been killed.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from signaltape import Settings
from signaltape.shipping.service import ship_once
from sink.db import Connection
from tests.chaos.candles_told import Candles, faults, read_candles
from tests.chaos.child import Child
from tests.chaos.ghosts_compared import Compared, awaited, compared, has_followed, is_drained
from tests.chaos.living import COINS, FIRST_PRICES, People, environment, living
from tests.chaos.rig import STREAM, Rig
from tests.chaos.unsettled import Unsettled, settled_after_all
from tests.exchanges.market import symbol_of
from tests.exchanges.server import LocalExchange
from tests.support.ghosting import Tape

PARTITIONS = 2
NAMES = ("market", "ghost", "worker")
#: Seconds between two kills, at least and at most: 200 take two minutes and a half.
_BETWEEN_S = (0.05, 1.45)
_ACT_EVERY_S = 0.4
#: Of a minute's candle: it is told within so long behind its end.
_SOON_S = 6
#: A minute's candle is there within so long after its end, or it is given up.
_MINUTE_WITHIN_S = 150.0
_END_S = 40.0
_MINUTE = timedelta(minutes=1)


class MarketGhostsCounted(NamedTuple):
    """What the run came to.

    again: candles that stand on the tape twice, the same; unsettled: orders that were looked at slowly; wrong: all that
    is not as it should be.
    """

    killed: dict[str, int]
    took_s: float
    seconds: int
    minutes: int
    again: int
    tracked: int
    unsettled: int
    entries: int
    orders: int
    closed: int
    lines_rung: int
    messages: int
    wrong: list[str]


def run_ghosts_and_market(kills: int, seed: int) -> MarketGhostsCounted:
    """Kill so often; let the last minute end; then look at the candles, and compare with an undisturbed ghost."""
    began = time.monotonic()
    with Rig(1, seed="ghosts, market", partitions=PARTITIONS, anew=False) as rig, living() as exchanges:
        servers = {"REDIS_URL": rig.valkey.url, "DATABASE_URL": rig.direct_database.reveal()}
        rig.environment.update({**servers, **environment(exchanges)})
        with rig.redis() as client:
            run = _Run(rig, client, exchanges, seed)
            run.kill_and_act(kills)
            until = run.come_to_rest()
            return run.judged(until, time.monotonic() - began)


class _Run:
    """The processes, and who acts on what they say."""

    def __init__(self, rig: Rig, client: Any, exchanges: Mapping[str, LocalExchange], seed: int) -> None:
        self._rig, self._client = rig, client
        self._chance = random.Random(f"{seed}:market")
        self._people = People(Tape(client, STREAM, PARTITIONS), exchanges, seed)
        self._processes = {name: self._start(name) for name in NAMES}
        self._killed: Counter[str] = Counter()
        self._wrong: list[str] = []

    def kill_and_act(self, kills: int) -> None:
        """Each at its own pace."""
        next_act = next_kill = time.monotonic()
        while self._killed.total() < kills:
            now = time.monotonic()
            if now >= next_act:
                self._people.act()
                next_act += _ACT_EVERY_S
            if now >= next_kill:
                self._kill(_who(self._chance))
                next_kill = now + self._chance.uniform(*_BETWEEN_S)
            time.sleep(max(0.0, min(next_act, next_kill) - time.monotonic()))  # up to what comes next

    def come_to_rest(self) -> datetime:
        """Let the minute of the last kill end, and all be followed and stored; the end of that minute."""
        until = datetime.now(UTC).replace(second=0, microsecond=0) + _MINUTE
        self._wrong += awaited("the market", lambda: self._is_told(until), _MINUTE_WITHIN_S)
        self._end("market")
        self._ship_what_is_left()
        with self._rig.database() as connection:
            self._wrong += awaited("the ghost", lambda: has_followed(self._rig, self._client, connection))
        self._end("ghost")
        self._ship_what_is_left()
        self._wrong += awaited("the worker", lambda: is_drained(self._rig, self._client))
        self._wrong += self._rig.stop_all()
        return until

    def judged(self, until: datetime, took_s: float) -> MarketGhostsCounted:
        """What is not as it should be, and the figures."""
        candles = self._candles()
        digits = {name: price[-1] for name, price in FIRST_PRICES.items()}
        wrong = self._wrong + candles.wrong + [*faults(candles.told, digits, until)]
        found = compared(self._rig, self._client)
        with self._rig.database() as connection:
            unsettled = _unsettled(connection)
            wrong += [*settled_after_all(unsettled, candles.told)]
            wrong += self._not_followed(connection) + _not_stored_once(connection, candles)
        return self._counted(candles, len(unsettled), took_s, found._replace(wrong=wrong + found.wrong))

    def _counted(
        self, candles: Candles, unsettled: int, took_s: float, found: Compared
    ) -> MarketGhostsCounted:
        told = Counter(one.interval for one in candles.told)
        return MarketGhostsCounted(
            dict(self._killed),
            took_s,
            told["1s"],
            told["1m"],
            candles.again,
            len(self._people.tracked),
            unsettled,
            *found,
        )

    def _start(self, name: str) -> Child:
        if name == "worker":
            return self._rig.start_worker()
        return self._rig.start(name, name, *(("--batch", "50") if name == "ghost" else ()))

    def _kill(self, name: str) -> None:
        """One of them, which then begins again."""
        child = self._processes[name]
        if child.running:
            child.kill()
            self._killed[name] += 1
        else:
            self._wrong.append(f"{name} ended by itself: {child.last_line()}")
        self._processes[name] = self._start(name)

    def _end(self, name: str) -> None:
        child = self._processes[name]
        child.send(signal.SIGTERM)
        child.popen.wait(_END_S)

    def _ship_what_is_left(self) -> None:
        ship_once(Settings.from_env(self._rig._usual_environment()))

    def _is_told(self, until: datetime) -> bool:
        told = self._candles().told
        ended = {one.symbol for one in told if one.interval == "1m" and one.timestamp >= until}
        return ended == {symbol_of(coin) for coin in COINS}

    def _candles(self) -> Candles:
        entries = (fields for key in self._rig.keys for _, fields in self._client.xrange(key))
        return read_candles(one[b"data"] for one in entries if one[b"event"] == b"market_candle")

    def _not_followed(self, connection: Connection) -> list[str]:
        rows = connection.execute("SELECT signal_id FROM ghost_orders WHERE tracked").fetchall()
        lacking = {*self._people.tracked} - {str(signal_id) for (signal_id,) in rows}
        return [f"tracked, but without an order: {one}" for one in lacking]


def _who(chance: random.Random) -> str:
    """Soon behind the end of a minute, when its candle is told, rather the market."""
    is_soon = datetime.now(UTC).second < _SOON_S
    return chance.choices(NAMES, (3, 1, 1) if is_soon else (1, 1, 1))[0]


def _unsettled(connection: Connection) -> list[Unsettled]:
    rows = connection.execute(
        "SELECT order_id, symbol, side, published_at, expires_at,"
        " (SELECT max(f.at) FROM ghost_fills f WHERE f.order_id = o.order_id), (plan->>'entry')::numeric,"
        " (plan->>'sl')::numeric, coalesce(plan->>'tp2', plan->>'tp1')::numeric FROM ghost_orders o"
        " WHERE status IN ('waiting', 'open')"
    ).fetchall()
    return [Unsettled(*row) for row in rows]


def _not_stored_once(connection: Connection, candles: Candles) -> list[str]:
    """Each candle is a row of the worker's, once, and none was told differently."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM records WHERE event = 'market_candle'),"
        " (SELECT count(*) FROM event_conflicts), (SELECT count(*) FROM dead_letters)"
    ).fetchone()
    wanted = (len(candles.told), 0, 0)
    return [] if row == wanted else [f"the worker has (candles, conflicts, dead letters) {row}, not {wanted}"]
