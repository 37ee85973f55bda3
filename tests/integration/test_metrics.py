"""What each process answers to Prometheus, and what it leaves out."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consumer.accepted import Outcome
from desk.metrics import desk_parts
from replay.archive.archiver import Archive
from replay.archive.metrics import archiver_parts
from replay.jobs.metrics import replays_parts
from replay.jobs.queues import opened
from reports.metrics import reporter_parts
from signaltape import Emitter, Secret, Settings
from signaltape.errors import SettingsError
from signaltape.integrations import prometheus
from signaltape.measures import Buckets, Measure, Spread, Table, one
from signaltape.serving_measures import serve_measures
from signaltape.shipping.measures import Progress, shipper_parts
from signaltape.shipping.service import ship_forever
from signaltape.stream import ARCHIVE_GROUP
from sink.db import Connection
from sink.write.writer import BatchWriter
from tests.integration.conftest import Runner
from tests.support.entries import life
from tests.support.samples import closed, new_id
from tests.support.scraping import PROCESSES, fetched, free_port, scraped
from tests.support.waiting import LONGEST_S, ended, eventually
from worker.metrics import worker_parts

AWAY = Secret("redis://127.0.0.1:1/0")


def test_it_is_served_until_it_is_stopped() -> None:
    port = free_port()
    stop = serve_measures(port, "worker", {"a": lambda: [one("signaltape_a_rows", "A", 3)]}, Settings())
    text = fetched(port)
    assert 'signaltape_process_info{process="worker",version="' in text
    assert "signaltape_a_rows 3.0" in text
    assert "signaltape_uptime_seconds" in text
    assert "process_resident_memory_bytes" in text
    stop()
    assert fetched(port) == ""


def test_without_a_port_of_its_own_it_is_served_where_the_settings_say() -> None:
    settings = Settings.from_env({"SIGNALTAPE_METRICS_PORT": str(free_port())})
    assert settings.metrics_port is not None
    stop = serve_measures(None, "worker", {}, settings)
    assert 'process="worker"' in fetched(settings.metrics_port)
    stop()
    serve_measures(None, "once", {}, None)()
    assert fetched(settings.metrics_port) == ""


def test_a_table_has_several_labels_and_a_spread_is_a_histogram() -> None:
    spread = Spread({0.4: 3, 0.65: 4}, 5, 2.5)
    text = scraped(
        {
            "a": lambda: [
                Table("signaltape_a_jobs", "A", ("kind", "state"), {("run", "done"): 2}),
                Buckets("signaltape_b_seconds", "B", ("name",), {("GET /x",): spread}),
            ]
        }
    )
    assert 'signaltape_a_jobs{kind="run",state="done"} 2.0' in text
    assert 'signaltape_b_seconds_bucket{le="0.65",name="GET /x"} 4.0' in text
    assert 'signaltape_b_seconds_bucket{le="+Inf",name="GET /x"} 5.0' in text
    assert 'signaltape_b_seconds_count{name="GET /x"} 5.0' in text
    assert 'signaltape_b_seconds_sum{name="GET /x"} 2.5' in text


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SettingsError, match=f"metrics on port {port}: Address already in use"):
            serve_measures(port, "worker", {}, None)


def test_without_prometheus_client_it_says_what_to_install(runner: Runner) -> None:
    code = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        "from signaltape.commands.cli import main; sys.exit(main(['ship', '--metrics-port', '9464']))"
    )
    status, _, said = runner.start_code(code).finish()
    assert status == 2
    assert said.splitlines()[-1].endswith("pip install 'signaltape[prometheus]'")


def test_a_part_that_is_away_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    url = Secret("redis://user:hunter2@host:6379/0")

    def away() -> list[Measure]:
        raise ConnectionError(f"no answer from {url.reveal()}")

    text = scraped({"redis": away, "work": lambda: [one("signaltape_a_rows", "A", 1, total=True)]})
    assert "signaltape_a_rows_total 1.0" in text
    assert 'signaltape_metrics_answered{part="redis"} 0.0' in text
    assert 'signaltape_metrics_answered{part="work"} 1.0' in text
    assert "metrics without redis" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_part_that_hangs_holds_up_nobody_and_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "ANSWER_WITHIN_S", 0.05)
    released, asked = threading.Event(), []

    def hangs() -> list[Measure]:
        asked.append(1)
        released.wait(LONGEST_S)
        return [one("signaltape_late_rows", "Late", 1)]

    measures = prometheus.Measures("test", {"slow": hangs})
    for _ in range(3):
        assert "signaltape_late_rows" not in [metric.name for metric in measures.collect()]
    assert len(asked) == 1
    released.set()
    monkeypatch.setattr(prometheus, "ANSWER_WITHIN_S", 60.0)
    assert "signaltape_late_rows" in [metric.name for metric in measures.collect()]


def test_the_worker_tells_what_was_ever_stored_also_while_redis_is_away(
    settings: Settings, connection: Connection
) -> None:
    from signaltape.redis_client import redis_client

    BatchWriter(connection).write(life(new_id()))
    assert settings.database_url is not None
    text = scraped(worker_parts(redis_client(AWAY), settings.database_url, settings, Outcome))
    assert 'signaltape_stored_rows_total{what="events"} 4.0' in text
    assert 'signaltape_present_rows{what="events"} 4.0' in text
    assert 'signaltape_metrics_answered{part="redis"} 0.0' in text


def test_the_archiver_tells_what_it_wrote_and_how_far_its_group_is(
    settings: Settings, redis_client: Any, key: str, tmp_path: Path
) -> None:
    redis_client.xgroup_create(key, ARCHIVE_GROUP, id="0", mkstream=True)
    redis_client.xadd(key, {"event": "signal_closed", "data": "{}"})
    assert settings.redis_url is not None
    target = Archive(tmp_path)
    text = scraped(archiver_parts(target, settings.redis_url, settings))
    assert 'signaltape_archive_entries_total{outcome="written"} 0.0' in text
    assert "signaltape_archive_written_bytes_total 0.0" in text
    assert f'signaltape_archive_lag_entries{{stream="{key}"}} 1.0' in text
    assert f'signaltape_archive_oldest_pending_seconds{{stream="{key}"}} 0.0' in text


def test_the_bytes_are_those_of_the_files(tmp_path: Path) -> None:
    from consumer.decoding.columns import Records
    from consumer.decoding.decode import Batch

    target = Archive(tmp_path)
    target.write(Batch({}, life(new_id()), [], 0, Records()))
    target.write(Batch({}, life(new_id()), [], 0, Records()))
    target.close()
    assert target.written_bytes == sum(path.stat().st_size for path in tmp_path.rglob("*.jsonl"))


def test_the_reporter_tells_states_what_is_overdue_and_the_last_report(
    database: Secret, connection: Connection
) -> None:
    assert "signaltape_outbox_overdue_seconds 0.0" in scraped(reporter_parts(database))
    connection.execute(
        "INSERT INTO outbox (message_key, chat_id, body, not_after, next_try_at)"
        " VALUES ('a', '1', 'x', now() + interval '1 day', now() - interval '1 hour')"
    )
    connection.execute(
        "INSERT INTO weekly_scorecard (week_start, bins, monotonic_ok, reported)"
        " VALUES ('2022-01-17', '[]', true, '[]')"
    )
    text = scraped(reporter_parts(database))
    assert 'signaltape_outbox_messages{state="queued"} 1.0' in text
    assert 'signaltape_outbox_messages{state="sent"} 0.0' in text
    overdue = next(line for line in text.splitlines() if line.startswith("signaltape_outbox_overdue_seconds"))
    assert float(overdue.split()[1]) >= 3600
    assert "signaltape_report_week_timestamp_seconds 1.6423524e+09" in text


def test_the_shipper_tells_what_it_shipped_and_when_redis_took_nothing(settings: Settings) -> None:
    with Emitter(settings, ship=False) as tape:
        for _ in range(3):
            assert tape.closed(**closed())
    stop, progress = threading.Event(), Progress()
    thread = threading.Thread(target=ship_forever, args=(settings, stop), kwargs={"progress": progress})
    thread.start()
    eventually(lambda: progress.shipped == 3)
    stop.set()
    ended(thread)
    text = scraped(shipper_parts(settings.home, progress))
    assert "signaltape_shipped_events_total 3.0" in text
    assert "signaltape_dropped_events_total 0.0" in text
    assert "signaltape_journal_bytes{" in text
    assert "signaltape_ship_failed_seconds" not in text


def test_a_shipper_without_redis_counts_its_failures(settings: Settings) -> None:
    with Emitter(settings, ship=False) as tape:
        assert tape.closed(**closed())
    stop, progress = threading.Event(), Progress()
    away = msgspec.structs.replace(settings, redis_url=AWAY)
    thread = threading.Thread(target=ship_forever, args=(away, stop), kwargs={"progress": progress})
    thread.start()
    eventually(lambda: progress.failures > 0)
    stop.set()
    ended(thread)
    assert "signaltape_ship_failed_seconds" in scraped(shipper_parts(settings.home, progress))


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_serves_its_own(runner: Runner, process: str) -> None:
    port, started = free_port(), PROCESSES[process]
    runner.start(*started.command, "--metrics-port", str(port), **started.environment)
    eventually(lambda: f'process="{process}"' in fetched(port))
    answered = [
        line for line in fetched(port).splitlines() if line.startswith("signaltape_metrics_answered{")
    ]
    assert answered
    assert all(line.endswith(" 1.0") for line in answered)


def test_the_desk_tells_what_it_decided_and_what_waits(settings: Settings, connection: Connection) -> None:
    connection.execute(
        "INSERT INTO alerts (ref_id, source_id, category, decision, reason, ts, expires_at, alert)"
        " VALUES ('a', 'a', 'sniper', 'sent', NULL, now(), now(), '{}'),"
        "        ('b', 'b', 'scalp', 'held', 'budget', now(), now(), '{}')"
    )
    connection.execute(
        "INSERT INTO desk_updates (update_id, update, acts, received_at)"
        " VALUES (1, '{}', true, now() - interval '1 minute'), (2, '{}', false, now())"
    )
    text = scraped(desk_parts(settings))
    assert 'signaltape_desk_alerts{category="sniper",decision="sent"} 1.0' in text
    assert 'signaltape_desk_alerts{category="scalp",decision="held"} 1.0' in text
    assert 'signaltape_desk_waiting_updates{lane="acts"} 1.0' in text
    assert 'signaltape_desk_waiting_updates{lane="asks"} 1.0' in text
    assert 'signaltape_outbox_messages{state="sent"} 0.0' in text
    assert "signaltape_desk_lag_entries{" in text


def test_the_replays_tell_their_jobs_by_kind_and_state(settings: Settings) -> None:
    with opened(settings, "build") as jobs:
        jobs.put_in("one", {})
    text = scraped(replays_parts(settings))
    assert 'signaltape_replay_jobs{kind="build",state="waiting"} 1.0' in text
    assert 'signaltape_replay_jobs{kind="run",state="running"} 0.0' in text
