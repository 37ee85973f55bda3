"""The guard where time is short or wrong: an evaluation that takes longer than its period, a clock that is set back."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from consumer.tape_order import TapeReader
from guard.leading import Following
from guard.model.memory import Memory
from guard.operations import listed
from guard.operations.objectives import objectives
from guard.remembering import remember
from guard.runner import Counted
from guard.tape_store import TapeStore
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.redis_client import redis_url
from signaltape.stream import GUARD_GROUP, stream_keys
from sink.db import Connection
from tests.support.guard_core import ABSENT, text_of_rules
from tests.support.guarding import Guard, Measures, rules_of


def test_an_evaluation_that_takes_longer_than_its_period_does_not_keep_the_tape_from_being_read(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    Measures(redis_client, settings.stream).put(100)
    keys, counted = stream_keys(settings.stream, settings.partitions), Counted()
    following = Following(
        connection,
        Memory(rules_of()),
        lambda: TapeReader(redis_url(settings), keys, GUARD_GROUP),
        utc_now,
        counted,
    )
    following.follow(threading.Event(), due_in_s=lambda: -1.0)
    following.close()
    assert counted.measurements == 1


def test_a_guard_whose_clock_was_ahead_when_it_died_is_not_at_work(
    settings: Settings, connection: Connection
) -> None:
    Guard(settings, connection, clock=lambda: datetime.now(UTC) + timedelta(hours=1)).run()
    assert not listed(settings, datetime.now(UTC)).at_work


def test_a_guard_that_is_begun_anew_misses_what_a_rule_misses_for_longer_than_a_day(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    rules = text_of_rules(gone=ABSENT.replace('"ws"', '"http"') + 'within = "3d"\n')
    Measures(redis_client, settings.stream).put(100, at=utc_now() - timedelta(days=2))
    Guard(settings, connection, rules).run()
    memory = Memory(rules_of(rules))
    remember(TapeStore(connection, ()), memory, utc_now())
    assert memory.seen


def test_a_page_that_cannot_show_all_shows_some_of_every_rule_and_what_is_breached_first(
    settings: Settings, connection: Connection
) -> None:
    put = "INSERT INTO guard_values (rule, subject, breached, at) VALUES (%s, %s, %s, now())"
    with connection.pipeline():
        for number in range(2100):
            connection.execute(put, ("freshness", f"{number:04}", number == 2099))
        connection.execute(put, ("ws-rtt", "kline", False))
    shown = {rule.rule: rule.values for rule in objectives(settings, utc_now(), environ={}).rules}
    assert [one.subject for one in shown["ws-rtt"]] == ["kline"]
    assert (shown["freshness"][0].subject, shown["freshness"][0].state) == ("2099", "breached")
