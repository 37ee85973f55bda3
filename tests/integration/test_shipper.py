"""From the journal to the stream: with Redis there, away, frozen, forgetful; nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from signaltape import Emitter, Secret, Settings
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import journal_folders
from signaltape.shipping.service import ship_once
from signaltape.stream import route, stream_key
from sink.db import Connection
from tests.integration.conftest import Runner, own_valkey
from tests.support.samples import closed, new_id, published
from tests.support.waiting import eventually


def signal_ids(client: Any, key: str) -> list[str]:
    return [msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in client.xrange(key)]


def await_length(client: Any, key: str, length: int) -> None:
    eventually(lambda: client.xlen(key) == length, timeout=5)


def test_the_thread_in_the_engine_ships_and_close_drains(
    settings: Settings, redis_client: Any, key: str
) -> None:
    tape = Emitter(settings)
    ids = [new_id() for _ in range(2000)]
    for one in ids:
        assert tape.closed(**closed(one))
    assert tape.close(timeout=20)
    assert signal_ids(redis_client, key) == ids


def test_an_event_is_in_redis_soon_without_closing(settings: Settings, redis_client: Any, key: str) -> None:
    with Emitter(settings) as tape:
        for number in range(1, 4):
            tape.closed(**closed())
            await_length(redis_client, key, number)


def test_the_entry_is_what_the_wire_format_says(settings: Settings, redis_client: Any, key: str) -> None:
    with Emitter(settings) as tape:
        fields = published()
        tape.published(fields)
    ((_, entry),) = redis_client.xrange(key)
    assert set(entry) == {b"event", b"data"}
    assert entry[b"event"] == b"signal_published"
    assert fields.items() <= msgspec.json.decode(entry[b"data"]).items()


def test_signals_are_spread_over_partitions_by_their_id(settings: Settings, redis_client: Any) -> None:
    settings = msgspec.structs.replace(settings, partitions=3)
    ids = [new_id() for _ in range(60)]
    with Emitter(settings) as tape:
        for one in ids:
            tape.closed(**closed(one))
    for number in range(3):
        found = signal_ids(redis_client, stream_key(settings.stream, number))
        assert found == [one for one in ids if route(one) % 3 == number]
        assert found


KILLED = """
import os, signal, sys
from signaltape import Emitter
from tests.support.samples import closed
tape = Emitter(ship=False)
for _ in range(5000):
    assert tape.closed(**closed())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_of_the_engine_loses_nothing_that_was_accepted(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    for _ in range(2):
        code, _, err = runner.start_code(KILLED).finish()
        assert code == -signal.SIGKILL, err
    code, out, err = runner.run("signaltape", "ship", "--once")
    assert (code, out) == (0, "shipped 10000 events\n"), err
    assert runner.run("worker", "--once")[0] == 0
    row = connection.execute("SELECT count(*), count(DISTINCT signal_id) FROM signal_events").fetchone()
    assert row == (10_000, 10_000)


def test_the_next_engine_adopts_what_a_killed_one_left(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    runner.start_code(KILLED).finish()
    with Emitter(settings) as tape:
        tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 5001)


def test_a_shipper_process_serves_engines_that_run(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    shipper = runner.start("signaltape", "ship")
    with Emitter(settings, ship=False) as tape:
        for _ in range(500):
            tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 500)
    shipper.popen.send_signal(signal.SIGTERM)
    code, out, err = shipper.finish(timeout=30)
    assert (code, out) == (0, "shipped 500 events\n"), err


def test_two_shippers_never_ship_the_same_journal(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    runner.start_code(KILLED).finish()
    both = [runner.start("signaltape", "ship", "--once") for _ in range(2)]
    assert [process.finish()[0] for process in both] == [0, 0]
    assert redis_client.xlen(key) == 5000


UNREACHABLE = {
    "refused": "redis://127.0.0.1:1/0",
    "unresolvable": "redis://nowhere.invalid:6379/0",
}


@pytest.mark.parametrize("why", UNREACHABLE)
def test_redis_that_cannot_be_reached_costs_nothing_and_comes_back(
    settings: Settings, redis_client: Any, key: str, why: str
) -> None:
    away = msgspec.structs.replace(settings, redis_url=Secret(UNREACHABLE[why]))
    tape = Emitter(away)
    ids = [new_id() for _ in range(1000)]
    assert all(tape.closed(**closed(one)) for one in ids)
    started = time.monotonic()
    assert tape.close(timeout=1) is False
    assert time.monotonic() - started < 5
    assert ship_once(settings) == 1000
    assert signal_ids(redis_client, key) == ids


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text().split()
    anonymous = int(pages[1]) - int(pages[2])  # without the journal's own mapped pages
    return anonymous * os.sysconf("SC_PAGE_SIZE")


def test_a_frozen_redis_holds_up_no_call_and_grows_no_memory(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        frozen = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        client = redis.Redis.from_url(valkey.url, protocol=2)
        key = stream_key(frozen.stream, 0)
        tape = Emitter(frozen)
        assert tape.closed(**closed())
        eventually(lambda: client.xlen(key) == 1)
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            for _ in range(2000):
                tape.closed(**closed())
            before = _resident_bytes()
            slowest = 0.0
            for _ in range(60_000):
                started = time.perf_counter()
                assert tape.closed(**closed())
                slowest = max(slowest, time.perf_counter() - started)
            assert slowest < 2, "no call waited for Redis"
            assert _resident_bytes() - before < 8 * 1024 * 1024
        finally:
            os.kill(valkey.pid, signal.SIGCONT)
        eventually(lambda: client.xlen(key) >= 62_001, timeout=60)
        assert tape.close(timeout=20)
        assert len(set(signal_ids(client, key))) == 62_001
        client.close()


def test_a_restarted_redis_that_forgot_gets_everything_again(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk", "--appendonly", "no") as valkey:
        forgetful = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(forgetful.stream, 0)
        ids = [new_id() for _ in range(500)]
        with Emitter(forgetful) as tape:
            for one in ids[:400]:
                tape.closed(**closed(one))
            client = redis.Redis.from_url(valkey.url, protocol=2)
            eventually(lambda: client.xlen(key) == 400)
            valkey.stop()
            for one in ids[400:]:
                assert tape.closed(**closed(one))
            valkey.start()
            eventually(lambda: set(signal_ids(client, key)) == set(ids))
        client.close()


@pytest.mark.parametrize("how", ["flush", "delete"])
def test_a_stream_that_vanished_is_filled_again(settings: Settings, tmp_path: Path, how: str) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with Emitter(own) as tape:
            for _ in range(100):
                tape.closed(**closed())
            eventually(lambda: client.xlen(key) == 100)
            client.flushall() if how == "flush" else client.delete(key)
            eventually(lambda: client.xlen(key) >= 100)  # noticed while idle
        client.close()


@pytest.mark.parametrize("how", ["flush", "delete"])
def test_every_journal_is_sent_again_though_another_one_has_filled_the_stream(
    settings: Settings, tmp_path: Path, how: str
) -> None:
    """Two engines, each with a shipper: after a flush one of them writes first, and the other still notices."""
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        other = msgspec.structs.replace(own, home=tmp_path / "other")
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with Emitter(own) as first, Emitter(other) as second:
            for tape in (first, second):
                for _ in range(50):
                    tape.closed(**closed())
            eventually(lambda: client.xlen(key) == 100)
            before = set(signal_ids(client, key))
            client.flushall() if how == "flush" else client.delete(key)
            client.xadd(key, {"event": "signal_closed", "data": msgspec.json.encode(closed())})
            eventually(lambda: before <= set(signal_ids(client, key)))
        client.close()


def test_a_trimmed_stream_is_not_taken_for_a_forgetful_one(
    settings: Settings, redis_client: Any, key: str
) -> None:
    with Emitter(settings) as tape:
        for _ in range(50):
            tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 50)
        redis_client.xtrim(key, maxlen=0, approximate=False)
        tape.closed(**closed())
        eventually(lambda: redis_client.xlen(key) == 1)
    assert ship_once(settings) == 0
    assert redis_client.xlen(key) == 1


def test_a_restart_sends_again_only_the_last_moments(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url), segment_bytes=1024 * 1024)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        key = stream_key(own.stream, 0)
        with Emitter(own, ship=False) as tape:
            for _ in range(9000):
                tape.closed(**closed())
            assert ship_once(own) == 9000
            folder = tape.journal_folder
            assert folder is not None
            first, *_ = sorted(folder.glob("*.seg"))
            os.utime(first, (0, 0))  # shipped long ago
            valkey.stop()
            valkey.start()
            again = ship_once(own)
        assert 0 < again < 9000
        assert len(set(signal_ids(client, key))) == 9000
        client.close()


def test_a_redis_that_refuses_writes_is_tried_again(settings: Settings, tmp_path: Path) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        key = stream_key(own.stream, 0)
        client = redis.Redis.from_url(valkey.url, protocol=2)
        client.config_set("maxmemory", "1")
        with Emitter(own) as tape:
            for _ in range(300):
                assert tape.closed(**closed())
            eventually(lambda: client.info("stats")["total_commands_processed"] > 10)
            assert client.xlen(key) == 0
            client.config_set("maxmemory", "0")
            eventually(lambda: len(set(signal_ids(client, key))) == 300)
        client.close()


def test_shipped_journals_of_ended_engines_are_removed_after_their_time(
    settings: Settings, redis_client: Any, key: str
) -> None:
    with Emitter(settings) as tape:
        tape.closed(**closed())
        tape.published(**published(rr=-1))
    (folder,) = journal_folders(settings.home)
    assert read_cursor(folder).events == 1
    ship_once(settings)
    assert journal_folders(settings.home) == [folder], "kept: Redis may still forget it"
    at_once = msgspec.structs.replace(settings, shipped_keep_s=0)
    with Emitter(at_once) as tape:
        tape.closed(**closed())
        eventually(lambda: not folder.exists())
    assert list((settings.home / "journal").glob("*.rejects.jsonl")), "what was refused stays"
    assert redis_client.xlen(key) == 2


def test_asking_to_send_again_sends_all_that_is_kept(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    with Emitter(settings) as tape:
        for _ in range(10):
            tape.closed(**closed())
    for since, sent in (("all", 10), ("15m", 10), ("2022-01-17T09:30", 10)):
        code, out, err = runner.run("signaltape", "ship", "--once", "--resend", since)
        assert (code, out) == (0, f"shipped {sent} events\n"), err
    assert redis_client.xlen(key) == 40
    code, _, err = runner.run("signaltape", "ship", "--resend", "yesterday")
    assert code == 2
    assert "'yesterday' is no time (2022-01-17T09:30), age (15m) or `all`" in err


def test_ship_says_in_one_line_that_redis_is_away(runner: Runner, settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"redis://:hunter2@127.0.0.1:{taken.getsockname()[1]}/0"
        with Emitter(settings, ship=False) as tape:
            tape.closed(**closed())
        code, _, err = runner.run("signaltape", "ship", "--once", REDIS_URL=url)
    assert code == 1
    assert "Redis does not take the events (they stay in the journal)" in err
    assert "hunter2" not in err


def test_doctor_finds_what_is_wrong_and_what_is_fine(settings: Settings, runner: Runner) -> None:
    with Emitter(settings) as tape:
        tape.closed(**closed())
    code, out, _ = runner.run("signaltape", "doctor")
    assert code == 1
    assert "has no group 'worker': no worker has run yet (python -m worker)" in " ".join(out.split())
    runner.run("worker", "--once")
    code, out, _ = runner.run("signaltape", "doctor")
    assert code == 0, out
    assert "0 entries wait, 0 are in work" in out
    code, out, _ = runner.run(
        "signaltape", "doctor", FEATURE_EVENT_LOGGING="yes", REDIS_URL="redis://127.0.0.1:1"
    )
    assert code == 1
    assert "recording is off" in out
    assert "FAIL Redis    no answer from 127.0.0.1:1" in out


def test_emit_from_the_shell(settings: Settings, runner: Runner, redis_client: Any, key: str) -> None:
    data = msgspec.json.encode(closed()).decode()
    code, out, err = runner.run("signaltape", "emit", "signal_closed", data, FEATURE_EVENT_LOGGING="")
    assert (code, out) == (0, "recorded 1 event(s)\n"), err
    eventually(lambda: redis_client.xlen(key) == 1)
    code, _, err = runner.run("signaltape", "emit", "signal_closed", "{}")
    assert (code, err.strip().splitlines()[-1]) == (1, "signaltape: signal_id is required")
