"""Entries that Postgres refuses for ever hold up neither those beside them nor those behind; nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.limits import Limits
from signaltape import Settings
from sink.db import Connection
from tests.integration.draining import add, add_lives, make_worker, pending, stored
from tests.support.records import RECORD_SAMPLES
from tests.support.waiting import eventually
from tests.support.working import working

#: An error that lies neither in the values of a row nor in the connection.
REFUSE_TRADES = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.event = 'trade_log' THEN RAISE EXCEPTION 'no trades'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION refuse()
"""
#: Without a lock on the table, which the worker asks for in another order all the while.
TAKE_TRADES = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$
"""
REFUSE_MANY = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF (SELECT count(*) FROM fresh) > 5 THEN
    RAISE EXCEPTION 'out of shared memory' USING ERRCODE = '53200'; END IF; RETURN NULL; END $$;
CREATE TRIGGER refuse AFTER INSERT ON signal_events REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION refuse()
"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set aside is tried again in a moment."""
    monkeypatch.setattr("consumer.prefetcher.BLOCK_MS", 20)
    monkeypatch.setattr("signaltape.shipping.backoff.Backoff.next_s", lambda self: 0.005)


def add_trades(client: Any, key: str, count: int) -> None:
    for _ in range(count):
        add(client, key, "trade_log", RECORD_SAMPLES["trade_log"])


def dead(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT DISTINCT event, reason FROM dead_letters").fetchall()


@pytest.mark.parametrize("batch", [1, 7, 5000])
def test_others_pass_beside_and_behind_and_it_is_stored_once_it_can_be(
    batch: int,
    settings: Settings,
    redis_client: Any,
    key: str,
    connection: Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However long this takes, and however soon it is tried again: it is not given up meanwhile.
    monkeypatch.setattr("consumer.poison.CANDIDATE_DELIVERIES", 10**6)
    connection.execute(REFUSE_TRADES)
    add_trades(redis_client, key, 3)
    add_lives(redis_client, key, 2)
    add(redis_client, key, "market_trade", RECORD_SAMPLES["market_trade"])
    worker, stop = make_worker(settings, key, limits=Limits(max_entries=batch))
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 9)
        add_lives(redis_client, key, 1)
        eventually(lambda: worker.total.stored == 13)
        connection.execute(TAKE_TRADES)
        eventually(lambda: worker.total.stored == 16 and pending(redis_client, key) == 0)
    assert worker.total == Outcome(stored=16)


def test_records_without_a_table_wait_for_it_and_hold_up_no_event(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute("ALTER TABLE records RENAME TO elsewhere")
    add_trades(redis_client, key, 3)
    add_lives(redis_client, key, 1)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total == Outcome(stored=4))
        connection.execute("ALTER TABLE elsewhere RENAME TO records")
        eventually(lambda: worker.total == Outcome(stored=7))
    assert dead(connection) == []


def test_refused_time_after_time_while_others_pass_it_becomes_a_dead_letter(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(REFUSE_TRADES)
    add_trades(redis_client, key, 2)
    add_lives(redis_client, key, 2)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 8)
        assert dead(connection) == []
        eventually(lambda: worker.total.dead == 2 and pending(redis_client, key) == 0)
    assert dead(connection) == [("trade_log", "Postgres refuses it: no trades")]


def test_where_nothing_passes_nothing_is_given_up(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    """As while a migration is yet to come."""
    connection.execute("ALTER TABLE signal_events RENAME TO elsewhere")
    redis_client.xgroup_create(key, "worker", id="0", mkstream=True)
    add_lives(redis_client, key, 5)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: redis_client.xpending_range(key, "worker", "-", "+", 1, idle=0))
        eventually(lambda: redis_client.xpending_range(key, "worker", "-", "+", 1)[0]["times_delivered"] > 6)
        connection.execute("ALTER TABLE elsewhere RENAME TO signal_events")
        eventually(lambda: worker.total.stored == 20 and pending(redis_client, key) == 0)
    assert worker.total == Outcome(stored=20)


def test_what_is_too_much_at_once_passes_in_pieces(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    connection.execute(REFUSE_MANY)
    add_lives(redis_client, key, 10)
    worker, stop = make_worker(settings, key)
    with working(worker, stop):
        eventually(lambda: worker.total.stored == 40 and pending(redis_client, key) == 0)
    assert (worker.total, stored(connection)) == (Outcome(stored=40), 40)
