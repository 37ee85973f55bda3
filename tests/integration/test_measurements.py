"""What an engine measures, from `tape.measure` to its table, its file in the archive, and its end."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from consumer.accepted import Outcome
from replay.archive.keeping import Report, keep_of
from replay.archive.layout import FOLDERS, SIGNALS
from replay.archive.retention import apply, old_partitions
from replay.sessions.sources import Span
from signaltape import Emitter, Settings
from signaltape.clock import WIB
from signaltape.contract.record_base import Group
from signaltape.integrations.flask import SignalTape
from signaltape.measuring import Histogram, recorder_of
from signaltape.measuring.histogram import GAMMA, ZERO
from sink.db import Connection
from sink.queries import load
from sink.write.writer import BatchWriter
from tests.integration.archiving import NOON, archive, at, batch, names
from tests.integration.conftest import Runner
from tests.integration.replaying import HOUR, session
from tests.support.kept import add_partition, entry, records, uuid7

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
_SQL = load(Path(__file__).with_name("measurements.sql"))


def stored(connection: Connection) -> dict[tuple[str, str], dict[str, Any]]:
    """What stands in the table, by name and figure."""
    rows = connection.execute("SELECT class, event_type, symbol, payload FROM records").fetchall()
    assert all(row[:3] == ("measures", "MEASUREMENT", None) for row in rows)
    found = {(payload["name"], payload["figure"]): payload for *_, payload in rows}
    assert len(found) == len(rows)
    return found


def test_what_was_measured_arrives_as_it_was_measured(
    settings: Settings, runner: Runner, connection: Connection
) -> None:
    chance = random.Random(19)
    rtts = [chance.lognormvariate(5, 0.5) for _ in range(500)]
    began = datetime.now(UTC)
    with Emitter(settings, strict=True) as tape:
        for rtt in rtts:
            assert tape.measure("ws", "orderflow", rtt_ms=rtt)
        assert tape.measure("screener", "SMC", ttl_s=40, age_ms=0)
        for number, status in enumerate((200, 200, 429, 500)):
            assert recorder_of(tape).request("GET /api/signal/<symbol>", status, 10.5, f"id-{number}")
    assert runner.run("worker", "--once")[0] == 0
    found = stored(connection)
    assert found.keys() == {
        ("orderflow", "rtt_ms"),
        ("SMC", "ttl_s"),
        ("SMC", "age_ms"),
        ("GET /api/signal/<symbol>", "latency_ms"),
    }
    ws = found["orderflow", "rtt_ms"]
    assert (ws["count"], ws["min"], ws["max"], ws["last"]) == (500, min(rtts), max(rtts), rtts[-1])
    assert began <= datetime.fromisoformat(ws["since"]) <= datetime.fromisoformat(ws["timestamp"])
    seen = Histogram()
    for rtt in rtts:
        seen.add(rtt)
    assert Histogram.from_text(ws["histogram"]) == seen
    http = found["GET /api/signal/<symbol>", "latency_ms"]
    assert http["statuses"] == {"2xx": 2, "429": 1, "5xx": 1}
    assert http["examples"][0] == "id-3"
    assert (http["kind"], http["unit"], http["sum"]) == ("http", "ms", 42.0)


def test_the_same_quantiles_come_out_of_sql(connection: Connection) -> None:
    chance, seen = random.Random(7), Histogram()
    for _ in range(1000):
        seen.add(chance.choice((0.0, chance.lognormvariate(4, 2))))
    buckets = seen.buckets()
    given = {"zero": ZERO, "gamma": GAMMA, "index": [*buckets], "n": [*buckets.values()]}
    for q in (0.0, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0):
        row = connection.execute(_SQL["quantile"], {**given, "q": q}).fetchone()
        assert row is not None
        found = seen.quantile(q)
        assert found is not None
        assert abs(row[0] - found) <= 1e-9 * found


def test_a_view_measures_by_the_extension(settings: Settings, runner: Runner, connection: Connection) -> None:
    app, tape = Flask(__name__), SignalTape()
    tape.init_app(app, settings)
    app.add_url_rule("/", view_func=lambda: str(tape.measure("screener", "SMC", ttl_s=40)))
    assert app.test_client().get("/").text == "True"
    emitter: Emitter = app.extensions["signaltape"]
    emitter.close()
    assert runner.run("worker", "--once")[0] == 0
    assert stored(connection)["SMC", "ttl_s"]["count"] == 1


def test_measurements_are_kept_as_long_as_is_set_and_their_day_goes_whole(connection: Connection) -> None:
    then = NOW - 40 * DAY
    name = add_partition(connection, "records_engine", then.astimezone(WIB).date())
    several = [
        entry("measurement", uuid7(NOW - age * DAY), at=NOW, timestamp=(NOW - age * DAY).isoformat())
        for age in (40, 29, 8, 0)
    ]
    assert BatchWriter(connection).write([], (), records(several)) == Outcome(stored=4)
    assert name in dropped(connection, keep_measures_days=30)
    assert count(connection) == 3
    dropped(connection, keep_measures_days=7)
    assert count(connection) == 1


def dropped(connection: Connection, **settings: Any) -> list[str]:
    """Which partitions go by the retention."""
    report = Report(timestamp=NOW)
    old_partitions(connection, keep_of(Settings(**settings)), NOW, report)
    return report.droppedPartitions


def count(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM records").fetchone()
    assert row is not None
    return int(row[0])


def test_the_archive_keeps_them_by_day_for_a_month_and_then_a_summary(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(*(at(kind, NOON) for kind in ("measurement", "order_log"))))
    for late, kept in ((29 * DAY, ["day-2022-01-17.jsonl.zst"]), (31 * DAY, [])):
        assert not apply(tmp_path, keep_of(Settings()), NOON + late).errors
        assert names(tmp_path, "measures") == kept
    summary = tmp_path / "data" / "summaries" / "measures" / "day-2022-01-17.json"
    assert '"MEASUREMENT":1' in summary.read_text().replace(" ", "")


def test_a_session_may_hold_them_by_their_type(tmp_path: Path) -> None:
    with archive(tmp_path) as target:
        target.write(batch(*(at(kind, NOON) for kind in ("measurement", "order_log"))))
    manifest, _ = session(tmp_path, Span(NOON, NOON + HOUR, types=frozenset({"MEASUREMENT"})))
    assert manifest.event_types == ["MEASUREMENT"]


def test_every_group_has_its_time_and_its_folder() -> None:
    assert FOLDERS.keys() == keep_of(Settings()).by_group.keys() == {*map(str, Group), SIGNALS}
