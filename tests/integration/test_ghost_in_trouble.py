"""A ghost whose servers go away, forget, or stand still: it goes on where it was, and does nothing twice."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from msgspec import structs

from ghost.done import Done
from ghost.ghosts import Ghosts
from ghost.settings import GhostSettings
from ghost.store import Overtaken, Store
from signaltape import Emitter, Secret, Settings
from signaltape.stream import stream_key
from sink.db import Connection, connect, database_url
from sink.quality import purge
from tests.integration.conftest import Process, Runner, own_valkey
from tests.support.ghosting import SOL, Ghost, Tape, told, walk
from tests.support.waiting import eventually

FILL, TO_TARGET = ("101", "101", "99", "100"), ("100", "105", "100", "104")
SESSIONS = (
    "pid FROM pg_stat_activity WHERE application_name = 'signaltape-ghost' AND datname = current_database()"
)


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


@pytest.fixture
def running(runner: Runner) -> Iterator[Process]:
    process = runner.start("ghost", SIGNALTAPE_GHOST="all")
    yield process
    process.popen.send_signal(signal.SIGTERM)
    assert process.finish(20)[0] == 0


def statuses(ghost: Ghost) -> list[str]:
    return [order["status"] for order in ghost.orders()]


def test_a_session_that_postgres_ends_is_begun_anew(
    running: Process, tape: Tape, ghost: Ghost, connection: Connection, redis_client: Any, settings: Settings
) -> None:
    tape.plan()
    for bar, status in ((FILL, "open"), (TO_TARGET, "closed")):
        ended = eventually(
            lambda: connection.execute(f"SELECT pg_terminate_backend(pid), {SESSIONS}").fetchall()
        )
        assert ended
        tape.bar(60 if status == "open" else 120, bar)
        eventually(partial(_is, ghost, status))
    eventually(lambda: len(told(redis_client, settings, "trade_log")) == 1)
    assert len(told(redis_client, settings, "order_log")) == 4


def test_redis_that_is_away_and_comes_back_empty(
    runner: Runner, settings: Settings, connection: Connection, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        theirs = structs.replace(settings, redis_url=Secret(valkey.url))
        ghost = Ghost(theirs, connection)
        process = runner.start("ghost", SIGNALTAPE_GHOST="all", REDIS_URL=valkey.url)
        with redis.Redis.from_url(valkey.url) as client:
            Tape(client, settings.stream).plan()
            eventually(lambda: statuses(ghost) == ["waiting"])
        valkey.stop()
        valkey.start()
        with redis.Redis.from_url(valkey.url) as client:
            client.flushall()
            tape = Tape(client, settings.stream)
            tape.bar(60, FILL)
            eventually(lambda: statuses(ghost) == ["open"])
            client.flushall()
            tape.bar(120, TO_TARGET)
            eventually(lambda: statuses(ghost) == ["closed"])
        process.popen.send_signal(signal.SIGTERM)
        code, _, log = process.finish(20)
    assert code == 0, log
    assert "was flushed" in log


def test_who_was_overtaken_writes_nothing_and_begins_anew(
    settings: Settings, connection: Connection, tape: Tape, ghost: Ghost
) -> None:
    """As behind a pooler that gives the lock's session to somebody else."""
    tape.plan()
    ghost.run()
    store = Store(connection)
    mine = store.load(GhostSettings(common=settings), lambda: False)
    assert isinstance(mine, Ghosts)
    place = store.positions()
    tape.bar(60, FILL)
    ghost.run()
    before = ghost.digest()
    with Emitter(settings, ship=False) as emitter, pytest.raises(Overtaken):
        store.commit(Done(), {}, place, dict.fromkeys(place, "99-0"), emitter)
    assert ghost.digest() == before
    assert store.positions() != dict.fromkeys(place, "99-0")


def test_who_was_overtaken_in_another_partition_writes_nothing_either(
    settings: Settings, connection: Connection
) -> None:
    store = Store(connection)
    place = {"tape:{0}": "5-0", "tape:{1}": "5-0"}
    with Emitter(settings, ship=False) as emitter:
        store.commit(Done(), {}, {}, place, emitter)
        store.commit(Done(), {}, place, {**place, "tape:{0}": "7-0"}, emitter)
        with pytest.raises(Overtaken):
            store.commit(Done(), {}, place, {**place, "tape:{1}": "6-0"}, emitter)
    assert store.positions() == {"tape:{0}": "7-0", "tape:{1}": "5-0"}


def test_what_was_trimmed_before_it_was_read_is_said_of_every_order_that_is_followed(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a group that was let go after a week, or by hand."""
    tape.plan()
    tape.bar(60, ("101",) * 4)
    ghost.run()
    assert [order["late"] for order in ghost.orders()] == [False]
    tape.bar(120, FILL)
    key = stream_key(settings.stream, 0)
    tape.bar(180, ("101",) * 4)
    redis_client.xtrim(key, maxlen=1, approximate=False)
    ghost.run()
    assert [(order["status"], order["late"]) for order in ghost.orders()] == [("waiting", True)]
    assert "trimmed" in caplog.text
    tape.plan(240)
    ghost.run()
    assert [order["late"] for order in ghost.orders()] == [True, False]


def test_an_order_is_followed_to_its_end_though_such_a_plan_would_be_refused_now(
    tape: Tape, ghost: Ghost, connection: Connection
) -> None:
    """As behind an update that has become stricter: what it follows is what was stored of it."""
    tape.plan()
    ghost.run()
    connection.execute("UPDATE ghost_orders SET plan = plan - 'sl'")
    tape.bar(60, FILL)
    tape.bar(120, TO_TARGET)
    ghost.run()
    assert statuses(ghost) == ["closed"]


def test_one_ghost_leads_in_a_database_whatever_tape_it_follows(settings: Settings) -> None:
    """Orders are of the database: two ghosts would each write what the other knows nothing of."""
    url = database_url(settings)
    with connect(url) as one, connect(url) as other:
        assert Store(one).lead()
        assert not Store(other).lead()
        one.close()
        assert eventually(Store(other).lead)


def test_told_to_stop_while_postgres_stands_still_it_ends(
    runner: Runner, tape: Tape, ghost: Ghost, connection: Connection
) -> None:
    process = runner.start("ghost", SIGNALTAPE_GHOST="all")
    tape.plan()
    eventually(lambda: statuses(ghost) == ["waiting"])
    with connection.transaction():
        connection.execute("LOCK TABLE ghost_position")
        tape.bar(60, FILL)
        eventually(lambda: _waits(connection))
        process.popen.send_signal(signal.SIGTERM)
        assert process.finish(30)[0] == 0
    ghost.run()
    assert statuses(ghost) == ["open"]


def test_lines_ring_once_though_it_begins_again_between_bars(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    for place in range(20):
        line = {"lineId": f"l-{place}", "symbol": SOL, "price": 100 + place, "direction": "above"}
        tape.command("set_line", 0, **line)
    for minute in range(40):
        walk(tape, [str(100 + minute % 20)], start_s=minute * 60)
        ghost.run(most=1 + minute % 3)
    rung = [one["lineId"] for one in told(redis_client, settings, "price_line") if one["what"] == "rung"]
    assert sorted(rung) == sorted(f"l-{place}" for place in range(20))


def test_a_signal_that_is_purged_while_it_is_followed_and_comes_again(
    running: Process, tape: Tape, ghost: Ghost, connection: Connection
) -> None:
    signal_id = tape.plan()
    eventually(partial(_is, ghost, "waiting"))
    purge(connection, signal_id)
    tape.bar(60, FILL)
    tape.plan(sl=99.5)
    eventually(partial(_is, ghost, "closed"))
    there = {order["order_id"] for order in ghost.orders()}
    assert {fill["order_id"] for fill in ghost.fills()} == there, "none of an order that is not there"
    tape.plan(60, signal_id=signal_id)
    tape.bar(120, FILL)
    eventually(lambda: statuses(ghost) == ["closed", "open"])


def _is(ghost: Ghost, status: str) -> bool:
    return statuses(ghost) == [status]


def _waits(connection: Connection) -> bool:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ghost_position'::regclass"
    row = connection.execute(query).fetchone()
    return row is not None and row[0] > 0
