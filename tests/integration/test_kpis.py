"""The views of key figures say what the reports say, for any day and any span of days."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import guard
from reports.chosen import Days
from reports.scorecard import compute
from reports.targets import per_100, targets
from signaltape.measuring.histogram import ZERO, Histogram, value_of
from sink.db import Connection, rows_as_dicts
from sink.queries import load
from tests.support.alerted import Alerted
from tests.support.book import W03, Book

MONDAY = date(2022, 1, 17)
AT = datetime(2022, 1, 17, 12, tzinfo=UTC)
CHECKS = load(Path(guard.__file__).parent / "sql" / "checks.sql")
PLAN: dict[str, Any] = {"entry": 100, "sl": 99, "tp": 102, "tp2": 104}


def days(connection: Connection, view: str) -> list[dict[str, Any]]:
    return rows_as_dicts(connection, f"SELECT * FROM {view} ORDER BY at".encode(), {})


def summed(rows: Sequence[dict[str, Any]], name: str) -> Any:
    return sum(row[name] for row in rows)


def a_week(book: Book, seed: int) -> None:
    """Signals of a week that end in every way, at any time of the day."""
    rng = random.Random(seed)
    for _ in range(80):
        at = f"2022-01-{rng.randint(17, 23)}T{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:00"
        plan = PLAN if rng.random() < 0.7 else {**PLAN, "tp2": None}
        signal = book.signal(0.7, at=at, **{name: value for name, value in plan.items() if value})
        end = rng.choice(["tp", "sl", "time", "stopped", "expiry", "open"])
        if end in ("tp", "sl", "time"):
            book.close(signal, rng.choice([-1, 0.5, 2, 4]), exit_reason=end)
        elif end != "open":
            book.invalidate(signal, "sl" if end == "stopped" else "expiry")


@pytest.mark.parametrize("seed", range(3))
def test_targets_and_what_100_signals_leave_are_those_of_the_scorecard(
    book: Book, connection: Connection, seed: int
) -> None:
    a_week(book, seed)
    connection.execute(b"SET signaltape.round_trip_pct = 0.1")
    rows = days(connection, "kpi_targets")
    spans = [
        (rows, Days(MONDAY, MONDAY + timedelta(days=6))),
        *(([row], Days(row["day"], row["day"])) for row in rows),
    ]
    for some, span in spans:
        found = targets(connection, span)[0]
        assert (summed(some, "tp1"), summed(some, "traded")) == (found.tp1.hits, found.tp1.n)
        assert (summed(some, "tp2"), summed(some, "traded2")) == (found.tp2.hits, found.tp2.n)
        assert summed(some, "settled") == found.settled
        assert found.net is not None
        exact = float(100 * summed(some, "net_r") / summed(some, "settled"))
        assert exact == pytest.approx(
            per_100(found.net.mean_r), abs=0.0501
        )  # it is told in thousandths of an R
        if len(some) == 1:
            assert float(some[0]["net_r_per_100"]) == pytest.approx(exact)
    for row in rows:
        found = targets(connection, Days(row["day"], row["day"]))[0]
        assert row["tp1_ratio"] == found.tp1.rate
        assert row["tp2_ratio"] == found.tp2.rate
    assert summed(rows, "traded") > 30


def test_a_day_begins_at_midnight_in_jakarta(book: Book, connection: Connection) -> None:
    for at in ("2022-01-17T23:59:59", "2022-01-18T00:00:00"):
        book.close(book.signal(0.7, at=at, **PLAN), 2, exit_reason="tp")
    assert [(row["day"].day, row["tp1"]) for row in days(connection, "kpi_targets")] == [(17, 1), (18, 1)]


def test_a_day_without_trades_has_no_rate(book: Book, connection: Connection) -> None:
    book.signal(0.7, at="2022-01-17T10:00:00", **PLAN)
    row = days(connection, "kpi_targets")[0]
    assert (row["traded"], row["tp1_ratio"], row["net_r_per_100"]) == (0, None, None)


def test_an_empty_database_has_no_days(connection: Connection) -> None:
    views = ("kpi_targets", "kpi_feedback", "kpi_delivery", "kpi_requests", "kpi_signal_latency")
    assert [days(connection, view) for view in views] == [[]] * len(views)


def test_feedback_coverage_is_that_of_the_report(connection: Connection) -> None:
    alerted, rng = Alerted(connection), random.Random(7)
    for _ in range(40):
        ref = alerted.sent(None, at=W03.since + timedelta(minutes=rng.randrange(7 * 24 * 60)))
        for value in rng.choice([[], ["up"], ["up", "none"], ["none", "down"]]):
            alerted.click(ref, value, after_s=rng.randint(1, 100))
    alerted.held(None, "budget", at=W03.since)
    found = compute(connection, W03).feedback
    assert found is not None
    rows = days(connection, "kpi_feedback")
    assert (summed(rows, "sent"), summed(rows, "clicked")) == (found.sent, found.clicked)
    assert found.coverage is not None
    assert summed(rows, "clicked") / summed(rows, "sent") == pytest.approx(float(found.coverage), abs=5e-4)
    assert all(row["coverage_ratio"] == row["clicked"] / row["sent"] for row in rows if row["sent"])


def test_the_lag_of_delivery_is_that_of_the_guard(connection: Connection) -> None:
    alerted, rng, now = Alerted(connection), random.Random(3), datetime.now(UTC)
    put_in = (
        "INSERT INTO outbox (message_key, kind, chat_id, body, not_after, state, sent_at)"
        " VALUES (%s, 'alert', '77', 'x', now() + interval '1 day', %s, %s)"
    )
    for _ in range(30):
        key = f"alert:{alerted.sent(None, at=now)}:77"
        connection.execute(put_in, (key, "sent", now + timedelta(milliseconds=rng.randrange(9000))))
    for state in ("queued", "failed"):
        key = f"alert:{alerted.sent(None, at=now - timedelta(minutes=1))}:77"
        connection.execute(put_in, (key, state, None))
    (row,) = days(connection, "kpi_delivery")
    guard_says = connection.execute(CHECKS["delivery"], {}).fetchone()
    assert guard_says is not None
    assert row["messages"] == 31
    assert row["p95_s"] == guard_says[0]
    assert row["worst_s"] >= 60


def minute(
    connection: Connection,
    at: datetime,
    values: Sequence[float],
    *,
    name: str = "GET /api/signal/<symbol>",
    **n: int,
) -> Histogram:
    """A row as the guard folds it; the histogram in it."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    buckets = histogram.buckets()
    row: dict[str, Any] = {
        **dict.fromkeys(("n2xx", "n429", "n5xx"), 0),
        **n,
        "at": at,
        "name": name,
        "n": len(values),
        "sum": sum(values),
        "max": max(values),
        "bucket": list(buckets),
        "bucket_n": list(buckets.values()),
    }
    connection.execute(
        "INSERT INTO guard_minutes (minute, kind, figure, name, engine, n, sum, worst, last, last_at, n2xx, n429,"
        " n5xx, bucket, bucket_n, ids) VALUES (%(at)s, 'http', 'latency_ms', %(name)s, 'e', %(n)s, %(sum)s, %(max)s, 0,"
        " %(at)s, %(n2xx)s, %(n429)s, %(n5xx)s, %(bucket)s::int[], %(bucket_n)s::bigint[], '{}')",
        row,
    )
    return histogram


@pytest.mark.parametrize("seed", range(4))
def test_p95_of_signal_endpoints_is_that_of_their_histograms_together(
    connection: Connection, seed: int
) -> None:
    rng, merged = random.Random(seed), Histogram()
    for number in range(20):
        values = [rng.lognormvariate(5, 1) for _ in range(rng.randint(1, 9))]
        merged.merge(minute(connection, AT + timedelta(minutes=number), values))
    merged.merge(minute(connection, AT, [0.0, 7000.0], name="GET /api/signal/all/now"))
    minute(connection, AT, [9999.0] * 500, name="GET /api/other")
    row = days(connection, "kpi_signal_latency")[0]
    assert row["requests"] == merged.count
    assert row["p95_ms"] == pytest.approx(merged.quantile(0.95), rel=1e-12)
    assert row["p50_ms"] == pytest.approx(merged.quantile(0.5), rel=1e-12)


def test_buckets_stand_for_what_they_stand_for_in_python(connection: Connection) -> None:
    for index in (ZERO, ZERO + 1, -1, 0, 1, 300, 1726):
        found = connection.execute("SELECT bucket_value(%s)", (index,)).fetchone()
        assert found is not None
        assert found[0] == pytest.approx(value_of(index), rel=1e-12)


def test_shares_of_errors_are_of_all_requests_of_a_day(connection: Connection) -> None:
    minute(connection, AT, [1.0], n2xx=90, n5xx=3)
    minute(connection, AT + timedelta(hours=1), [1.0], name="GET /", n2xx=5, n429=2)
    minute(connection, AT + timedelta(days=1), [1.0], n2xx=4)
    found = [
        (row["requests"], row["n5xx"], row["n429"], row["n5xx_ratio"])
        for row in days(connection, "kpi_requests")
    ]
    assert found == [(100, 3, 2, 0.03), (4, 0, 0, 0.0)]
