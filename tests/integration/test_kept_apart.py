"""What of a replay's emits is kept, and what is not: bounds, refusals, a Redis that is away, a forked child."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from replay.operations.diff import diff_session
from signaltape import Emitter, Secret, Settings
from signaltape.replay import ReplayFeed, kept_apart
from signaltape.stream import output_key
from tests.integration.archiving import NOON
from tests.integration.conftest import own_valkey
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed
from tests.support.small_engine import AS_IT_WAS, CANDLES, Engine, recorded, replayed
from tests.support.waiting import eventually, status_of


@pytest.fixture
def fed(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, run_mode="REPLAY", data=tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return recorded(tmp_path)


@pytest.mark.parametrize(("bound", "value"), [("MOST_EVENTS", 5), ("MOST_BYTES", 800)])
def test_a_run_that_is_too_long_is_kept_from_its_beginning_and_compared_as_far(
    fed: Settings, folder: Path, bound: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_apart, bound, value)
    tape = replayed(fed, folder)
    kept = tape.stats()["kept_apart"]
    assert 0 < kept < CANDLES
    assert tape.stats()["not_kept"] == CANDLES - kept
    found = diff_session(fed, folder.name)
    assert found.said == "cannot be said: the replay was too long to be kept whole"
    same = found.events.same
    assert 0 < same <= kept
    assert found.notes[0].startswith(f"no difference as far as it is known: {same} events, up to ")


def test_an_event_that_is_not_there_is_no_divergence_that_goes_unsaid(
    fed: Settings, folder: Path, redis_client: Any
) -> None:
    replayed(fed, folder)
    key = output_key(fed.stream, folder.name)
    redis_client.xdel(key, redis_client.xrange(key)[5][0])
    found = diff_session(fed, folder.name)
    assert (found.verdict, found.events.same, found.events.vanished) == ("unknown", 4, 0)
    assert found.said == "cannot be said: 1 event was emitted and not kept (Redis was away, or refused)"


@pytest.mark.parametrize("name", ["market_trade", "measurement"])
def test_neither_what_the_market_did_nor_what_was_measured_is_kept_again(
    fed: Settings, folder: Path, redis_client: Any, name: str
) -> None:
    with Emitter(fed) as tape:
        sample = RECORD_SAMPLES[name]
        ReplayFeed(folder).on("MARKET_CANDLE", lambda _event: tape.record(name, sample)).run()
        assert not tape.measure("ws", "orderflow", rtt_ms=12.5)
    names = [fields[b"event"] for _, fields in redis_client.xrange(output_key(fed.stream, folder.name))]
    assert names == [b"replay_began", b"replay_ended", b"replay_ended"]  # the feed, then the Emitter


def test_while_redis_is_away_it_waits(fed: Settings, folder: Path, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(fed, redis_url=Secret(valkey.url))
        valkey.stop()
        with Emitter(own) as tape:
            engine = Engine(tape, AS_IT_WAS)
            ReplayFeed(folder).on("MARKET_CANDLE", lambda event: engine.on_candle(event.ts)).run()
            assert tape.stats()["kept_apart"] == 0
            valkey.start()
            eventually(lambda: tape.stats()["kept_apart"] == CANDLES)
        assert diff_session(own, folder.name).identical


def test_a_redis_that_refuses_it_is_counted_and_says_what_it_needs(
    fed: Settings, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        admin: Any = redis.Redis.from_url(valkey.url, protocol=2)
        admin.execute_command("ACL", "SETUSER", "engine", "reset", "on", ">secret", "~live*", "+xadd")
        url = valkey.url.replace("unix://", "unix://engine:secret@")
        with caplog.at_level(logging.WARNING, logger="signaltape"):
            tape = replayed(msgspec.structs.replace(fed, redis_url=Secret(url)), folder)
        assert tape.stats()["not_kept"] >= CANDLES
        said = [one.getMessage() for one in caplog.records if "Redis refuses it" in one.getMessage()]
        assert len(said) == 1
        assert said[0].endswith(f"it needs +xadd on {output_key(fed.stream, folder.name)}")
        admin.close()


def test_a_forked_child_adds_to_it_and_then_nothing_is_sure(
    fed: Settings, folder: Path, redis_client: Any
) -> None:
    key = output_key(fed.stream, folder.name)
    with Emitter(fed) as tape:
        ReplayFeed(folder).run()
        tape.closed(closed(ts=NOON))
        eventually(
            partial(_holds, redis_client, key, 1)
        )  # its run has begun: what is sent before that is taken out
        child = os.fork()
        if not child:
            tape.closed(closed(ts=NOON))
            tape.close()
            os._exit(0)
        assert status_of(child) == 0
        tape.closed(closed(ts=NOON))
    eventually(partial(_holds, redis_client, key, 3))
    found = diff_session(fed, folder.name)
    assert found.said == "cannot be said: 2 processes emitted, or one was started anew amid the replay"
    assert (found.verdict, found.events.replayed) == ("unknown", 3)


def _holds(client: Any, key: str, count: int) -> bool:
    return [fields[b"event"] for _, fields in client.xrange(key)].count(b"signal_closed") == count
