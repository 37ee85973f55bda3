"""An engine that is fed by a replay goes on and ends, whatever becomes of what it emits; nothing is claimed then."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from replay.operations.diff import SessionDiff, diff_session
from replay.operations.playing import run_session
from signaltape import Emitter, Secret, Settings, own_journals
from signaltape.replay import ReplayFeed, kept_apart
from signaltape.stream import output_key
from tests.integration.archiving import NOON
from tests.integration.conftest import own_valkey
from tests.support.samples import closed
from tests.support.small_engine import AS_IT_WAS, CANDLES, Engine, Params, recorded, replayed
from tests.support.waiting import ended, eventually, status_of

LATER = "cannot be said: of a later replay nothing was kept (see the engine's log)"
OTHERWISE = Params(rr="9.9")


@pytest.fixture
def fed(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, run_mode="REPLAY", data=tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return recorded(tmp_path)


def play(tape: Emitter, folder: Path, params: Params = AS_IT_WAS) -> None:
    engine = Engine(tape, params)
    ReplayFeed(folder, mode="FULL_DECISION").on("MARKET_CANDLE", lambda one: engine.on_candle(one.ts)).run()


def test_an_earlier_replay_is_never_taken_for_a_later_one(
    fed: Settings, folder: Path, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "vk", "--maxmemory-policy", "noeviction") as valkey:
        own = msgspec.structs.replace(fed, redis_url=Secret(valkey.url))
        admin: Any = redis.Redis.from_url(valkey.url, protocol=2)
        replayed(own, folder)
        assert diff_session(own, folder.name).verdict == "identical"
        admin.config_set("maxmemory", 1)
        began = time.monotonic()
        tape = replayed(own, folder, OTHERWISE)
        assert time.monotonic() - began < 3
        assert tape.stats() | {"kept_apart": 0, "not_kept": CANDLES} == tape.stats()
        assert diff_session(own, folder.name).said == LATER
        with Emitter(own) as tape:
            play(tape, folder, OTHERWISE)
            admin.config_set("maxmemory", 0)  # what was refused is sent again, its beginning first
            eventually(lambda: tape.stats()["kept_apart"] == CANDLES)
        assert diff_session(own, folder.name).events.different == 2 * CANDLES // 3
        replayed(msgspec.structs.replace(own, redis_url=None), folder)
        assert diff_session(own, folder.name).said == LATER
        admin.close()


def test_an_emitter_for_each_event_is_one_run(fed: Settings, folder: Path) -> None:
    def on_candle(one: Any) -> None:
        with Emitter(fed) as tape:
            engine.tape = tape
            engine.on_candle(one.ts)

    with Emitter(fed) as tape:
        engine = Engine(tape)
    ReplayFeed(folder, mode="FULL_DECISION").on("MARKET_CANDLE", on_candle).run()
    assert diff_session(fed, folder.name).said == f"identical: {CANDLES} events"


def test_a_forked_child_emits_though_its_parent_let_go_of_the_emitter_amid_an_event(
    fed: Settings, folder: Path
) -> None:
    tape = Emitter(fed)
    ReplayFeed(folder).run()
    apart = tape._apart
    assert apart is not None
    del tape
    gc.collect()
    held, done = threading.Event(), threading.Event()

    def _hold() -> None:
        with apart._lock, apart._notices._lock:
            held.set()
            done.wait(20)

    holder = threading.Thread(target=_hold)
    holder.start()
    held.wait(20)
    child = os.fork()
    if not child:
        signal.alarm(30)
        with Emitter(fed) as tape:
            tape.closed(closed(ts=NOON))
            kept = tape._apart
        os._exit(0 if kept is apart and kept.kept == 1 else 1)
    assert status_of(child) == 0
    done.set()
    ended(holder)
    kept_apart._forget(apart)


def test_an_engine_that_reads_the_stream_is_judged_by_its_end_and_the_stream_s(
    fed: Settings, folder: Path, redis_client: Any
) -> None:
    own = msgspec.structs.replace(fed, replay_session=folder.name)

    def run(events: int, params: Params = AS_IT_WAS) -> SessionDiff:
        with Emitter(own) as tape:  # before the stream is emptied
            eventually(lambda: redis_client.exists(output_key(fed.stream, folder.name)))
            run_session(fed, folder.name, as_fast=True)
            engine = Engine(tape, params)
            for number in range(events):
                engine.on_candle(NOON + number * (NOON.resolution * 60_000_000))
            eventually(lambda: redis_client.exists(output_key(fed.stream, folder.name)))
            assert diff_session(fed, folder.name).verdict != "identical"
        return diff_session(fed, folder.name)

    assert run(CANDLES).said == f"identical: {CANDLES} events"
    assert run(9).said.startswith("cannot be said: the engine emitted nothing after 2022-01-17 12:08:00 WIB")
    assert run(9, OTHERWISE).verdict == "different"


def test_a_feed_warns_of_an_emitter_that_is_live(
    fed: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_journals._close_all()  # what another test may have left
    live = msgspec.structs.replace(fed, run_mode="LIVE")
    with Emitter(live, ship=False), caplog.at_level(logging.WARNING, logger="signaltape"):
        ReplayFeed(folder).run()
    assert [one.getMessage()[:15] for one in caplog.records] == ["RUN_MODE is LIV"]
    caplog.clear()
    replayed(fed, folder)
    assert "RUN_MODE is LIVE" not in caplog.text
