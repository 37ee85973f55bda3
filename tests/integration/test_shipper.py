"""From the journal to the stream: by a thread or a process, after a kill and by hand; nothing is lost."""

from __future__ import annotations

import signal
import socket
from typing import Any

import msgspec

from signaltape import Emitter, Settings
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import journal_folders
from signaltape.shipping.service import ship_once
from signaltape.stream import route, stream_key
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.shipping import KILLED, await_length, signal_ids
from tests.support.samples import closed, new_id, published
from tests.support.waiting import eventually


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


def test_kill_9_of_the_engine_loses_nothing_that_was_accepted(
    settings: Settings, redis_client: Any, key: str, runner: Runner, connection: Connection
) -> None:
    for _ in range(2):
        code, _, err = runner.start_code(KILLED).finish()
        assert code == -signal.SIGKILL, err
    code, out, err = runner.run_anew("signaltape", "ship", "--once")
    assert (code, out) == (0, "shipped 10000 events\n"), err
    assert runner.run("worker", "--once")[0] == 0
    row = connection.execute("SELECT count(*), count(DISTINCT signal_id) FROM signal_events").fetchone()
    assert row == (10_000, 10_000)


def test_the_next_engine_adopts_what_a_killed_one_left(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    runner.fork_code(KILLED).finish()
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
    runner.fork_code(KILLED).finish()
    both = [runner.start("signaltape", "ship", "--once") for _ in range(2)]
    assert [process.finish()[0] for process in both] == [0, 0]
    assert redis_client.xlen(key) == 5000


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
    code, out, err = runner.run_anew("signaltape", "emit", "signal_closed", data, FEATURE_EVENT_LOGGING="")
    assert (code, out) == (0, "recorded 1 event(s)\n"), err
    eventually(lambda: redis_client.xlen(key) == 1)
    code, _, err = runner.run("signaltape", "emit", "signal_closed", "{}")
    assert (code, err.strip().splitlines()[-1]) == (1, "signaltape: signal_id is required")
