"""Ghosts and a worker that are killed again and again beside a market: the same rows and messages as without a kill."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
from msgspec import structs

from consumer.tape_order import TapeReader
from ghost.runner import Runner
from ghost.settings import GhostSettings
from signaltape import Emitter, Secret, Settings
from signaltape.redis_client import redis_url
from signaltape.shipping.service import ship_once
from signaltape.stream import GHOST_GROUP, stream_keys
from sink.admin.migrate import migrate
from sink.db import Connection, connect
from tests.chaos.child import Child
from tests.chaos.rig import STREAM, Rig
from tests.support.ghost_market import GhostMarket
from tests.support.ghosting import ALL_ROWS, Tape, told
from tests.support.waiting import eventually

PARTITIONS = 2
KILL_EVERY_S = 0.3
#: Minutes of the market between two looks at the processes, and how long its writer then rests.
_MINUTES, _REST_S = 2, 0.05
_SETTLE_S = 120.0
NAMES = ("order_log", "trade_log", "price_line", "ghost_triggered", "ghost_closed", "ghost_invalidated")
_FOLLOWED = {"SIGNALTAPE_GHOST": "all", "SIGNALTAPE_TRACK": "true"}


class GhostsCounted(NamedTuple):
    """What the run came to. wrong: all that is not as without kills."""

    kills: int
    entries: int
    orders: int
    closed: int
    lines_rung: int
    messages: int
    took_s: float
    wrong: list[str]


def run_ghosts(kills: int, seed: int) -> GhostsCounted:
    """Kill so often; then compare with a ghost that follows the same tape undisturbed."""
    began = time.monotonic()
    with Rig(1, seed="ghosts", partitions=PARTITIONS, anew=False) as rig:
        rig.environment.update(
            {"REDIS_URL": rig.valkey.url, "DATABASE_URL": rig.direct_database.reveal(), **_FOLLOWED}
        )
        with rig.redis() as client:
            killing = _Killing(rig, random.Random(f"{seed}:ghosts"))
            _trade_while_killing(client, killing, kills, seed)
            wrong = killing.wrong + _settled(rig, client)
            wrong += _stopped(rig, client)
            return _compared(rig, client, killing.kills, time.monotonic() - began, wrong)


class _Killing:
    """Two ghosts, of which one stands by, and a worker."""

    def __init__(self, rig: Rig, chance: random.Random) -> None:
        self._rig, self._chance = rig, chance
        self._processes = [self._start(name) for name in ("ghost", "ghost", "worker")]
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
            self.wrong.append(f"{child.name} ended by itself: {child.last_line()}")
        self._processes[place] = self._start(child.name)

    def _start(self, name: str) -> Child:
        if name == "worker":
            return self._rig.start_worker()
        return self._rig.start("ghost", "ghost", "--batch", "50")


def _trade_while_killing(client: Any, killing: _Killing, kills: int, seed: int) -> None:
    market, minute = GhostMarket(Tape(client, STREAM, PARTITIONS), seed), 0
    next_kill = time.monotonic() + KILL_EVERY_S
    while killing.kills < kills:
        market.run(_MINUTES, start=minute)
        minute += _MINUTES
        time.sleep(_REST_S)  # between two stretches of the market
        if time.monotonic() >= next_kill:
            killing.kill()
            next_kill = time.monotonic() + KILL_EVERY_S


def _settled(rig: Rig, client: Any) -> list[str]:
    """Wait until a ghost has read all, and has told all that there is to tell."""
    with rig.database() as connection:
        return _awaited("the ghost", lambda: _has_followed(client, connection))


def _stopped(rig: Rig, client: Any) -> list[str]:
    """End the ghosts, which ship what they have told; then the worker, once it has stored that."""
    for ghost in rig.of("ghost"):
        ghost.send(signal.SIGTERM)
        ghost.popen.wait(_SETTLE_S)
    ship_once(Settings.from_env(rig._usual_environment()))  # what those that were killed had not shipped
    return _awaited("the worker", lambda: _is_drained(client)) + rig.stop_all()


def _awaited(who: str, done: Callable[[], bool]) -> list[str]:
    try:
        eventually(done, _SETTLE_S)
    except AssertionError as error:
        return [f"{who} does not come to rest: {error}"]
    return []


def _has_followed(client: Any, connection: Connection) -> bool:
    found: dict[str, str] = dict(connection.execute("SELECT stream, entry_id FROM ghost_position").fetchall())
    waiting = connection.execute("SELECT count(*) FROM tape_records").fetchone()
    keys = stream_keys(STREAM, PARTITIONS)
    last = {key: client.xinfo_stream(key)["last-generated-id"].decode() for key in keys}
    return found == last and waiting == (0,)


def _is_drained(client: Any) -> bool:
    groups = [one for key in stream_keys(STREAM, PARTITIONS) for one in client.xinfo_groups(key)]
    return all(one["pending"] == 0 and one["lag"] == 0 for one in groups if one["name"] == b"worker")


def _compared(rig: Rig, client: Any, kills: int, took_s: float, wrong: list[str]) -> GhostsCounted:
    settings = Settings.from_env(rig._usual_environment())
    undisturbed = _undisturbed(rig, settings)
    said, wanted = told(client, settings, *NAMES), told(client, undisturbed, *NAMES)
    with connect(rig.direct_database) as connection, connect(_url(undisturbed)) as again:
        wrong += _differing("row", _rows(connection), _rows(again))
        wrong += _differing("message", [*map(_text, said)], [*map(_text, wanted)])
        wrong += _stored(connection, said)
        counts = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE status = 'closed'),"
            " (SELECT count(*) FROM ghost_lines WHERE status = 'rung') FROM ghost_orders"
        ).fetchone()
    assert counts is not None
    orders, closed, rung = counts
    entries = sum(client.xlen(key) for key in stream_keys(STREAM, PARTITIONS))
    return GhostsCounted(kills, entries, orders, closed, rung, len(said), took_s, wrong)


def _undisturbed(rig: Rig, settings: Settings) -> Settings:
    """Follow the whole tape into an empty database, telling it to another stream; the settings of that."""
    url = Secret(rig.direct_database.reveal().replace("/postgres?", "/undisturbed?"))
    with psycopg.connect(rig.direct_database.reveal(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE undisturbed")
    with connect(url) as connection:
        migrate(connection)
    other = structs.replace(settings, stream="undisturbed", database_url=url, home=rig.home / "undisturbed")
    keys = stream_keys(STREAM, PARTITIONS)

    def reader() -> TapeReader:
        return TapeReader(redis_url(settings), keys, GHOST_GROUP)

    ghost = GhostSettings(common=settings, which="all", track=True)
    with Emitter(other, control=False) as tape:
        Runner(ghost, url, reader, tape, threading.Event(), once=True).run()
    return other


def _rows(connection: Connection) -> list[str]:
    return [text for query in ALL_ROWS for (text,) in connection.execute(query).fetchall()]


def _differing(what: str, found: list[str], wanted: list[str]) -> list[str]:
    more, less = sorted({*found} - {*wanted}), sorted({*wanted} - {*found})
    lines = [f"{what} only with kills: {one[:300]}" for one in more[:5]]
    lines += [f"{what} only without kills: {one[:300]}" for one in less[:5]]
    return lines if len(found) == len(wanted) or lines else [f"{len(found)} {what}s, not {len(wanted)}"]


def _stored(connection: Connection, said: list[dict[str, Any]]) -> list[str]:
    """Each message is a row of the worker's, once."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM records WHERE event IN ('order_log', 'trade_log', 'price_line')),"
        " (SELECT count(*) FROM ghost_triggers) + (SELECT count(*) FROM ghost_closures)"
        " + (SELECT count(*) FROM ghost_invalidations)"
    ).fetchone()
    records = sum("id" in one for one in said)
    wanted = (records, len(said) - records)
    return [] if row == wanted else [f"the worker stored {row}, the tape says {wanted}"]


def _text(said: dict[str, Any]) -> str:
    return repr(sorted(said.items()))


def _url(settings: Settings) -> Secret:
    assert settings.database_url is not None
    return settings.database_url
