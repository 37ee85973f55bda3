"""The same tape makes the same rows: read in any pieces, killed anywhere, told twice, by two at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from msgspec import structs

from deploy.embedded.servers import Urls
from signaltape import Secret, Settings
from signaltape.shipping.service import ship_once
from signaltape.stream import stream_keys
from sink.db import Connection, connect
from tests.integration.conftest import Runner
from tests.support.ghost_market import GhostMarket
from tests.support.ghosting import Ghost, Tape, told
from tests.support.waiting import eventually

MINUTES, SEED = 120, 20260117
NAMES = ("order_log", "trade_log", "price_line", "ghost_triggered", "ghost_closed", "ghost_invalidated")
RULES = {"SIGNALTAPE_GHOST": "all", "SIGNALTAPE_TRACK": "true"}
Replayed = Callable[..., list[str]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return structs.replace(settings, partitions=2)


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream, settings.partitions)


@pytest.fixture
def market(tape: Tape) -> GhostMarket:
    return GhostMarket(tape, SEED)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection, track=True)


@pytest.fixture
def replayed(settings: Settings, servers: Urls, template: str, tmp_path: Any) -> Iterator[Replayed]:
    """Follows the whole tape again into an empty database, undisturbed; what it makes. It tells the tape nothing."""
    name = "replayed"

    def run(most: int = 2_000, **more: Any) -> list[str]:
        url = Secret(servers.database.replace("@/postgres?", f"@/{name}?"))
        with psycopg.connect(servers.database, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY".encode())
        silent = structs.replace(settings, database_url=url, feature_event_logging=False)
        with connect(url) as connection:
            again = Ghost(silent, connection, **{"track": True, **more})
            again.run(most)
            return again.rows()

    yield run
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


@contextmanager
def running(runner: Runner, **more: str) -> Iterator[Any]:
    process = runner.start("ghost", SIGNALTAPE_PARTITIONS="2", **{**RULES, **more})
    try:
        yield process
    finally:
        process.popen.send_signal(signal.SIGTERM)
        process.finish()


def at_the_end(client: Any, settings: Settings, connection: Connection) -> bool:
    """Whether the ghost has committed all that the tape holds."""
    found: dict[str, str] = dict(connection.execute("SELECT stream, entry_id FROM ghost_position").fetchall())
    keys = stream_keys(settings.stream, settings.partitions)
    last = {key: client.xinfo_stream(key)["last-generated-id"].decode() for key in keys}
    return found == last


def test_the_market_has_all_that_is_to_be_met(market: GhostMarket, ghost: Ghost) -> None:
    """Else the tests below say little."""
    market.run(MINUTES)
    ghost.run()
    orders = ghost.orders()
    assert {order["status"] for order in orders} >= {"closed", "expired", "cancelled"}
    assert {order["exit_reason"] for order in orders} >= {"tp", "sl"}
    assert {line["status"] for line in ghost.lines()} >= {"rung", "expired", "cancelled"}
    assert any(order["bad_bars"] for order in orders)
    assert any(order["rr_best"] != order["rr_realized"] for order in orders)


@pytest.mark.parametrize("most", [1, 7, 100, 100_000])
def test_however_much_is_read_at_once_the_rows_are_the_same(
    market: GhostMarket, ghost: Ghost, replayed: Replayed, most: int
) -> None:
    market.run(MINUTES // 2)
    ghost.run()
    same(replayed(most), ghost.rows())


def test_stopped_and_begun_again_it_goes_on_as_if_nothing_were(
    market: GhostMarket, ghost: Ghost, replayed: Replayed
) -> None:
    for start in range(0, MINUTES, 10):
        market.run(10, start=start)
        ghost.run()
    same(replayed(), ghost.rows())


@pytest.mark.parametrize("place", ["taken", "before_commit", "after_commit", "emitted", "told", "let_go"])
def test_killed_at_the_worst_moment_again_and_again(
    place: str, market: GhostMarket, ghost: Ghost, replayed: Replayed, runner: Runner, redis_client: Any,
    settings: Settings, connection: Connection,
) -> None:  # fmt: skip
    market.run(MINUTES // 2)
    armed = {"SIGNALTAPE_FAILPOINTS": f"ghost.{place}=kill@3", "SIGNALTAPE_PARTITIONS": "2", **RULES}
    kills = 0
    while runner.start("ghost", "--once", "--batch", "40", **armed).finish()[0] == -signal.SIGKILL:
        kills += 1
    assert kills > 2
    ghost.run()
    same(replayed(), ghost.rows())
    _check_told(redis_client, settings, connection)


def test_killed_at_any_moment(
    market: GhostMarket, ghost: Ghost, replayed: Replayed, runner: Runner, redis_client: Any,
    settings: Settings, connection: Connection,
) -> None:  # fmt: skip
    for start in range(0, MINUTES, 20):
        process = runner.start("ghost", "--batch", "20", SIGNALTAPE_PARTITIONS="2", **RULES)
        before = _committed(connection)
        market.run(20, start=start)
        eventually(partial(_has_gone_on, connection, before))
        process.popen.send_signal(signal.SIGKILL)
        assert process.finish()[0] == -signal.SIGKILL
    ghost.run()
    same(replayed(), ghost.rows())
    _check_told(redis_client, settings, connection)


def test_what_is_sent_again_changes_nothing(
    market: GhostMarket, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    market.run(MINUTES)
    ghost.run()
    before, said = ghost.digest(), len(told(redis_client, settings, *NAMES))
    for key in stream_keys(settings.stream, settings.partitions):
        for _, fields in redis_client.xrange(key):
            redis_client.xadd(key, fields)
    ghost.run()
    assert len(told(redis_client, settings, *NAMES)) == said
    assert ghost.digest() == before


def test_a_flushed_tape_that_is_sent_again_changes_nothing(
    market: GhostMarket, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    market.run(MINUTES // 2)
    ghost.run()
    before = ghost.digest()
    for key in stream_keys(settings.stream, settings.partitions):
        entries = redis_client.xrange(key)
        redis_client.delete(key)
        for _, fields in entries:
            redis_client.xadd(key, fields)
    ghost.run()
    assert ghost.digest() == before


def test_two_side_by_side_do_each_thing_once(
    market: GhostMarket, ghost: Ghost, replayed: Replayed, runner: Runner, redis_client: Any,
    settings: Settings, connection: Connection,
) -> None:  # fmt: skip
    with running(runner) as first, running(runner):
        market.run(MINUTES // 2)
        eventually(lambda: at_the_end(redis_client, settings, connection))
        first.popen.send_signal(signal.SIGKILL)
        market.run(MINUTES // 2, start=MINUTES // 2)
        eventually(lambda: at_the_end(redis_client, settings, connection))
    same(replayed(), ghost.rows())
    _check_told(redis_client, settings, connection)


def same(one: list[str], other: list[str]) -> None:
    """Fails with what differs."""
    assert (sorted({*one} - {*other}), sorted({*other} - {*one})) == ([], [])


def _committed(connection: Connection) -> list[Any]:
    return connection.execute("SELECT * FROM ghost_position ORDER BY stream").fetchall()


def _has_gone_on(connection: Connection, before: list[Any]) -> bool:
    return _committed(connection) != before


def _check_told(client: Any, settings: Settings, connection: Connection) -> None:
    """Each fill, end and ringing stands on the tape, under one id."""
    ship_once(settings)
    said = told(client, settings, *NAMES)
    of = {name: sum(1 for one in said if _is(one, name)) for name in ("trade", "rung", "closed")}
    query = (
        "SELECT (SELECT count(*) FROM ghost_orders WHERE status = 'closed'),"
        " (SELECT count(*) FROM ghost_lines WHERE status = 'rung'),"
        " (SELECT count(*) FROM ghost_orders WHERE status = 'closed' AND tracked),"
        " (SELECT count(*) FROM tape_records WHERE room = 'ghost')"
    )
    assert connection.execute(query).fetchone() == (of["trade"], of["rung"], of["closed"], 0)


def _is(said: dict[str, Any], what: str) -> bool:
    marks = {
        "trade": "realizedPnl" in said,
        "rung": said.get("what") == "rung",
        "closed": "rr_realized" in said,
    }
    return marks[what]
