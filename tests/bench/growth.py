"""Growth: the worker's rate with much stored already, and one week's scorecard among many signals."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.table import Table

from deploy.embedded.servers import Urls
from reports.scorecard import compute
from reports.weeks import parse_week
from sink.db import Connection, connect
from tests.bench.contenders import Contenders, make_events
from tests.bench.drain import database
from tests.bench.figures import Figures

EVENTS = 20_000_000
SOME_EVENTS = 2_000_000
SIGNALS = 20_000_000
SOME_SIGNALS = 1_000_000
FEW_SIGNALS = 100_000
#: In each of the weeks that a scorecard looks at.
PER_WEEK = 1_000
WEEK = parse_week("2022-W03")
ROUNDS = 5
_RATE_EVENTS = 40_000
_CHUNK = 1_000_000

_FILL_EVENTS = b"""
INSERT INTO signal_events (event_id, signal_id, event, schema_version, symbol, payload, ts, stream, entry_id)
SELECT gen_random_uuid(), gen_random_uuid(), 'signal_closed', 1, 'SOL-USDT-SWAP',
       jsonb_build_object('rr_realized', 1.65, 'time_in_trade_ms', 900000, 'exit_reason', 'tp', 'n', n,
                          'symbol', 'SOL-USDT-SWAP'),
       timestamptz '2015-01-01' + n * interval '1 s', 'filler', n || '-0'
FROM generate_series(%(first)s, %(last)s) n
"""
_FILL_CLOSURES = b"""
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason)
SELECT signal_id, symbol, ts, 1.65, 900000, 'tp' FROM signal_events WHERE entry_id LIKE '%%-0' AND stream = 'filler'
  AND ts >= timestamptz '2015-01-01' + %(first)s * interval '1 s'
  AND ts <= timestamptz '2015-01-01' + %(last)s * interval '1 s'
"""
_FILL_SIGNALS = b"""
WITH made AS (
    INSERT INTO signals (signal_id, symbol, side, confluence_score, rr_target, expiry_minutes, rules_version,
                         ts_published)
    SELECT gen_random_uuid(), 'SOL-USDT-SWAP', 'long', round((0.3 + 0.7 * random())::numeric, 2), 1.9, 30, 'v1',
           %(since)s + random() * (%(until)s - %(since)s)
    FROM generate_series(1, %(count)s)
    RETURNING signal_id, ts_published
)
INSERT INTO signal_closures (signal_id, symbol, ts_closed, rr_realized, time_in_trade_ms, exit_reason)
SELECT signal_id, 'SOL-USDT-SWAP', ts_published + interval '1 h', CASE WHEN random() < 0.5 THEN 1.9 ELSE -1 END,
       3600000, 'tp'
FROM made
"""
#: How the scorecard is usually written: four queries, each over whole tables.
_USUAL = (
    b"SELECT count(*) FROM signals WHERE date_trunc('week', ts_published AT TIME ZONE 'Asia/Jakarta') = %(week)s",
    b"SELECT width_bucket(s.confluence_score, ARRAY[0.5, 0.6, 0.7, 0.8]) AS bin, count(*),"
    b" count(*) FILTER (WHERE c.rr_realized > 0) FROM signals s JOIN signal_closures c USING (signal_id)"
    b" WHERE date_trunc('week', s.ts_published AT TIME ZONE 'Asia/Jakarta') = %(week)s GROUP BY bin",
    b"SELECT count(*) FROM signals s JOIN signal_invalidations i USING (signal_id)"
    b" WHERE date_trunc('week', s.ts_published AT TIME ZONE 'Asia/Jakarta') = %(week)s AND i.reason = 'sl'",
    b"SELECT avg(c.rr_realized) FROM signals s JOIN signal_closures c USING (signal_id)"
    b" WHERE date_trunc('week', s.ts_published AT TIME ZONE 'Asia/Jakarta') = %(week)s",
)


def run(figures: Figures, urls: Urls, _home: Path) -> None:
    """Both, each with an empty database first."""
    _rate(figures, urls)
    _scorecard(figures, urls)


def _rate(figures: Figures, urls: Urls) -> None:
    stored = EVENTS if figures.full else SOME_EVENTS
    url = database(urls, "growth")
    with connect(url) as connection:
        contenders = Contenders(urls.redis, url, connection)
        empty = [contenders.worker(make_events(_RATE_EVENTS)) for _ in range(3)]
        connection.execute(
            "TRUNCATE signal_events, signals, signal_triggers, signal_invalidations, signal_closures"
        )
        for first in range(1, stored + 1, _CHUNK):
            span = {"first": first, "last": min(stored, first + _CHUNK - 1)}
            connection.execute(_FILL_EVENTS, span)
            connection.execute(_FILL_CLOSURES, span)
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")
        full = [contenders.worker(make_events(_RATE_EVENTS), empty=False) for _ in range(3)]
        contenders.close()
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    figures.raw["growth"] = {
        "stored": stored,
        "rate_empty": median(empty),
        "rate_full": median(full),
        "bytes_per_event": (size[0] if size else 0) / stored,
    }
    figures.ratios["rate_20m_vs_0"] = median(full) / median(empty)
    if not figures.full:
        figures.smaller.append(f"rate_20m_vs_0 was measured at {stored:,} stored events (FULL=1: {EVENTS:,})")
    figures.console.print(
        f"worker: {median(empty):,.0f} events/s with nothing stored, {median(full):,.0f} with {stored:,} stored",
        highlight=False,
    )


def _scorecard(figures: Figures, urls: Urls) -> None:
    most = SIGNALS if figures.full else SOME_SIGNALS
    sizes = [
        FEW_SIGNALS,
        *(size for size in (1_000_000, 5_000_000, 20_000_000) if FEW_SIGNALS < size <= most),
    ]
    url = database(urls, "scorecard")
    table = Table(title="one week's scorecard (ms)", title_justify="left")
    for name in ("signals stored", "ours", "the usual four queries"):
        table.add_column(name, justify="right")
    found: dict[int, tuple[float, float]] = {}
    with connect(url) as connection:
        for age in range(9):
            _fill(connection, WEEK.earlier(age).since, WEEK.earlier(age).until, PER_WEEK)
        stored = 9 * PER_WEEK
        for size in sizes:
            while stored < size:
                count = min(_CHUNK, size - stored)
                _fill(connection, parse_week("2015-W01").since, parse_week("2021-W01").since, count)
                stored += count
            connection.execute("ANALYZE")
            ours = _time(lambda: compute(connection, WEEK))
            usual = _time(
                lambda: [connection.execute(one, {"week": WEEK.monday}).fetchall() for one in _USUAL]
            )
            found[size] = (ours, usual)
            table.add_row(f"{size:,}", f"{ours:.1f}", f"{usual:.1f}")
    figures.raw["scorecard_ms"] = {str(size): pair for size, pair in found.items()}
    figures.ratios["scorecard_20m_vs_100k"] = found[sizes[-1]][0] / found[FEW_SIGNALS][0]
    if not figures.full:
        figures.smaller.append(
            f"scorecard_20m_vs_100k was measured at {sizes[-1]:,} signals (FULL=1: {SIGNALS:,})"
        )
    figures.console.print(table)


def _fill(connection: Connection, since: object, until: object, count: int) -> None:
    connection.execute(_FILL_SIGNALS, {"since": since, "until": until, "count": count})


def _time(work: Callable[[], object]) -> float:
    """The median of several rounds, in milliseconds."""
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return median(spent)
