"""Entries that vanish from the stream while they are pending: counted, said, shown; and they hold nothing up."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from consumer.accepted import Outcome
from consumer.consumer import Consumer
from consumer.limits import Limits
from signaltape import Settings
from signaltape.stream import WORKER_GROUP, vanished_key
from tests.integration.conftest import Runner
from tests.integration.draining import add, drain, pending
from tests.support.samples import closed
from tests.support.scraping import scraped
from tests.support.waiting import eventually
from worker.metrics import worker_parts


def give_out_then_delete(client: Any, key: str, consumer: str) -> list[str]:
    """Five entries given to a consumer; the first and the fourth are then deleted."""
    ids = [add(client, key, "signal_closed", closed()) for _ in range(5)]
    client.xgroup_create(key, "worker", id="0")
    client.xreadgroup("worker", consumer, {key: ">"})
    client.xdel(key, ids[0], ids[3])
    return ids


def test_those_of_ones_own_are_counted_and_said_once(
    settings: Settings, redis_client: Any, key: str, runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    ids = give_out_then_delete(redis_client, key, "w-1")
    with caplog.at_level(logging.ERROR):
        assert drain(settings, key) == Outcome(stored=3)
        assert drain(settings, key) == Outcome()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert f"2 entries of {key} vanished" in said[0]
    assert ids[0] in said[0]
    assert pending(redis_client, key) == 0
    status = json.loads(runner.run("worker", "status", "--json")[1])
    assert status["partitions"][0]["vanished"] == 2
    assert "vanished" in runner.run("worker", "status")[1]
    assert settings.database_url is not None
    shown = scraped(worker_parts(redis_client, settings.database_url, settings, Outcome))
    assert f'signaltape_vanished_entries{{stream="{key}"}} 2.0' in shown


def test_those_taken_over_from_the_dead_are_counted_too(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    give_out_then_delete(redis_client, key, "gone")
    eventually(lambda: redis_client.xpending_range(key, "worker", "-", "+", 1, idle=100))
    assert drain(settings, key, limits=Limits(claim_idle_ms=100)) == Outcome(stored=3)
    assert pending(redis_client, key) == 0
    assert json.loads(runner.run("worker", "status", "--json")[1])["partitions"][0]["vanished"] == 2


def test_those_that_wait_in_living_hands_are_counted_too(
    settings: Settings, redis_client: Any, key: str
) -> None:
    """As of what Postgres refused, and what is tried again later: the sign of life meets them first."""
    give_out_then_delete(redis_client, key, "w-1")
    assert settings.redis_url is not None
    beating = Consumer(settings.redis_url, "w-1", [key])
    beating.keep(0)
    beating.keep(0)
    beating.give_back()
    beating.close()
    assert redis_client.hget(vanished_key(key), WORKER_GROUP) == b"2"
    assert pending(redis_client, key) == 3
    assert drain(settings, key) == Outcome(stored=3)
    assert redis_client.hget(vanished_key(key), WORKER_GROUP) == b"2", "each once"
