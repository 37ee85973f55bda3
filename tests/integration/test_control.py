"""Control with real servers: what is said is heard, answered, kept by Postgres, and said again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from deploy.embedded.servers import Urls
from signaltape import Emitter, Settings
from signaltape.control import (
    PAUSED,
    RUNNING,
    Control,
    Garbled,
    assert_again,
    pause,
    read,
    resume,
)
from signaltape.stream import control_key, processes_key
from sink.control import epoch_in_redis, keep, reconcile, say, say_what_was_lost
from sink.control import read as read_in_postgres
from sink.db import Connection
from tests.support.waiting import eventually


def test_each_word_has_a_higher_number_than_all_before(redis_client: Any, settings: Settings) -> None:
    first = pause(redis_client, settings.stream, "ani", "news")
    assert read(redis_client, settings.stream) == first
    second = resume(redis_client, settings.stream, "budi")
    assert (first.state, second.state) == (PAUSED, RUNNING)
    assert second.epoch > first.epoch
    assert first.why == "news"


def test_the_number_grows_though_the_clock_was_set_back(redis_client: Any, settings: Settings) -> None:
    ahead = Control(state=RUNNING, epoch=2**45, by="x")
    assert assert_again(redis_client, settings.stream, ahead)
    assert pause(redis_client, settings.stream, "ani").epoch == 2**45 + 1


def test_an_older_word_changes_nothing_and_of_two_with_one_number_the_pause_counts(
    redis_client: Any, settings: Settings
) -> None:
    stream = settings.stream
    assert assert_again(redis_client, stream, Control(state=RUNNING, epoch=10, by="a"))
    assert not assert_again(redis_client, stream, Control(state=PAUSED, epoch=9, by="b"))
    assert not assert_again(redis_client, stream, Control(state=RUNNING, epoch=10, by="b"))
    assert assert_again(redis_client, stream, Control(state=PAUSED, epoch=10, by="b"))
    assert not assert_again(redis_client, stream, Control(state=RUNNING, epoch=10, by="c"))
    assert read(redis_client, stream) == Control(state=PAUSED, epoch=10, by="b")


GARBAGE: list[dict[str, Any]] = [
    {"state": "paused"},
    {"state": "PAUSED", "epoch": 5},
    {"state": "paused", "epoch": "five"},
    {"state": "paused", "epoch": "-1"},
    {"state": "paused", "epoch": "1e3"},
    {"state": "paused", "epoch": 2**53},
    {"state": b"\xff", "epoch": 9**15},
]


@pytest.mark.parametrize("fields", GARBAGE)
def test_garbage_is_refused_and_gives_way(
    redis_client: Any, settings: Settings, connection: Connection, fields: dict[str, Any]
) -> None:
    redis_client.hset(control_key(settings.stream), mapping=fields)
    with pytest.raises(Garbled):
        read(redis_client, settings.stream)
    wanted = say(connection, PAUSED, "ani")
    assert reconcile(redis_client, settings.stream, connection) == wanted
    assert read(redis_client, settings.stream) == wanted
    assert pause(redis_client, settings.stream, "budi").epoch < 2**52


def test_a_key_that_is_no_hash_gives_way(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    redis_client.set(control_key(settings.stream), "paused")
    assert epoch_in_redis(redis_client, settings.stream) == 0
    reconcile(redis_client, settings.stream, connection)
    assert read(redis_client, settings.stream) == read_in_postgres(connection)


def test_postgres_has_a_word_from_the_beginning(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    reconcile(redis_client, settings.stream, connection)
    known = read(redis_client, settings.stream)
    assert known is not None
    assert (known.state, known.epoch) == (RUNNING, 1)


def test_the_newer_word_wins_both_ways(redis_client: Any, settings: Settings, connection: Connection) -> None:
    stream = settings.stream
    paused = pause(redis_client, stream, "ani", "why\x1b[2J")
    assert reconcile(redis_client, stream, connection) == paused
    assert read_in_postgres(connection) == paused
    redis_client.delete(control_key(stream))  # as a FLUSHALL does
    assert reconcile(redis_client, stream, connection) == paused
    assert read(redis_client, stream) == paused
    assert_again(redis_client, stream, Control(state=RUNNING, epoch=7))
    running = say(connection, RUNNING, "budi", above=epoch_in_redis(redis_client, stream))
    assert running.epoch > paused.epoch
    reconcile(redis_client, stream, connection)
    assert read(redis_client, stream) == running


def test_a_restored_redis_with_an_older_word_is_told_the_newer_one(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    keep(connection, Control(state=PAUSED, epoch=100, by="ani", at_ms=5))
    redis_client.hset(control_key(settings.stream), mapping={"state": "running", "epoch": 99})
    reconcile(redis_client, settings.stream, connection)
    assert read(redis_client, settings.stream) == Control(state=PAUSED, epoch=100, by="ani", at_ms=5)


def test_a_word_to_postgres_is_above_the_one_of_redis(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    assert_again(redis_client, settings.stream, Control(state=RUNNING, epoch=2**50))
    said = say(connection, PAUSED, "ani", above=epoch_in_redis(redis_client, settings.stream))
    assert said.epoch == 2**50 + 1
    assert not keep(connection, Control(state=RUNNING, epoch=2**50 + 1))


def test_a_word_that_only_processes_know_is_said_anew_for_all(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    stream = settings.stream
    reconcile(redis_client, stream, connection)
    assert say_what_was_lost(redis_client, stream) is None
    heard = pause(redis_client, stream, "ani")
    shown = {"role": "engine", "host": "h", "pid": 1, "started_ms": 1, "seen_ms": heard.at_ms}
    value = json.dumps({**shown, "epoch": heard.epoch, "state": "paused"})
    redis_client.hset(processes_key(stream), "engine@h:1", value)
    assert say_what_was_lost(redis_client, stream) is None
    redis_client.delete(control_key(stream))
    assert say_what_was_lost(redis_client, stream) is None  # first what Postgres knows
    reconcile(redis_client, stream, connection)
    said = say_what_was_lost(redis_client, stream)
    assert said is not None
    assert said.paused
    assert said.epoch > heard.epoch
    assert reconcile(redis_client, stream, connection) == said == read_in_postgres(connection)
    assert say_what_was_lost(redis_client, stream) is None


def test_a_pause_that_was_lost_to_a_word_with_its_number_is_said_anew(
    redis_client: Any, settings: Settings, connection: Connection
) -> None:
    stream = settings.stream
    with Emitter(settings) as tape:
        assert_again(redis_client, stream, Control(state=PAUSED, epoch=10, by="at a shell"))
        eventually(lambda: tape.paused)
        keep(connection, Control(state=RUNNING, epoch=10, by="by the bot"))
        redis_client.delete(control_key(stream))
        reconcile(redis_client, stream, connection)
        said = eventually(lambda: say_what_was_lost(redis_client, stream))
        assert said is not None
        assert (said.state, said.by) == (PAUSED, "signaltape")
        assert reconcile(redis_client, stream, connection) == said
        resume(redis_client, stream, "ani")
        eventually(lambda: not tape.paused)


class Overtaken(redis.Redis):
    """One before whose script somebody else speaks, once."""

    speaks: Callable[[], Any] | None = None

    def eval(self, script: str, numkeys: int, *given: Any) -> Any:
        speaks, self.speaks = self.speaks, None
        if speaks is not None:
            speaks()
        return super().eval(script, numkeys, *given)


@pytest.mark.parametrize("kept", [PAUSED, RUNNING])
@pytest.mark.parametrize("says", [pause, resume])
def test_what_a_person_says_while_a_lost_word_is_looked_for_counts(
    redis_client: Any, settings: Settings, servers: Urls, kept: Any, says: Any
) -> None:
    stream, shown = settings.stream, {"role": "engine", "host": "h", "pid": 1, "started_ms": 1, "seen_ms": 1}
    heard = json.dumps({**shown, "epoch": 11, "state": "running", "heard": "running"})
    redis_client.hset(processes_key(stream), "engine@h:1", heard)
    assert_again(redis_client, stream, Control(state=kept, epoch=10, by="ani"))
    with Overtaken.from_url(servers.redis, protocol=2) as client:
        client.speaks = lambda: says(redis_client, stream, "budi")
        assert say_what_was_lost(client, stream) is None
        word = read(redis_client, stream)
        assert word is not None
        assert word.by == "budi"
        assert say_what_was_lost(client, stream) is None
    assert read(redis_client, stream) == word


def test_what_redis_may_not_be_asked_is_said(settings: Settings, connection: Connection) -> None:
    away = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.ConnectionError):
        reconcile(away, settings.stream, connection)
    assert epoch_in_redis(away, settings.stream) == 0
