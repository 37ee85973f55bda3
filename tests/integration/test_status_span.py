"""`worker status` looks at the last weeks of events, not at all that was ever stored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from signaltape import Settings
from signaltape.clock import utc_now
from sink import quality
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add, drain
from tests.support.samples import closed


def test_events_and_orphans_are_of_the_days_asked_for_and_dead_letters_are_all(
    settings: Settings, redis_client: Any, key: str, runner: Runner
) -> None:
    for age in (1, 20, 40, 400):
        ts = (utc_now() - timedelta(days=age)).isoformat()
        add(redis_client, key, "signal_closed", closed(ts_closed=ts))
    add(redis_client, key, "signal_lost", closed())
    drain(settings, key)

    def shown(*options: str) -> tuple[Any, ...]:
        code, out, err = runner.run("worker", "status", "--json", *options)
        assert code == 0, err
        status = json.loads(out)
        return status["days"], status["events"], status["orphans"]["signal_closures"], status["dead_letters"]

    assert shown() == (28, {"signal_closed": 2}, 2, 1)
    assert shown("--days", "36500") == (36500, {"signal_closed": 4}, 4, 1)


def test_its_count_of_events_reads_only_the_pages_of_these_days(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)"
        " SELECT gen_random_uuid(), gen_random_uuid(), 'signal_closed', 1, 'S', '{}',"
        " '2022-01-01'::timestamptz + n * interval '1 hour', 's', '1-0' FROM generate_series(1, 20000) n"
    )
    connection.execute("ANALYZE signal_events")
    query = quality._SQL["events_by_kind_since"]
    plan = connection.execute(b"EXPLAIN " + query, {"since": utc_now() - timedelta(days=28)}).fetchall()
    assert any("signal_events_times" in line for (line,) in plan), plan
