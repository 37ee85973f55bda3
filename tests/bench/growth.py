"""Growth: the worker's rate with much stored already, and one week's scorecard among many signals."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.table import Table

from deploy.embedded.servers import Urls
from reports.scorecard import compute
from reports.weeks import parse_week
from sink.db import Connection, connect
from tests.bench.batches import make_events
from tests.bench.contenders import Contenders
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.filling import fill_lives, fill_signals, settle
from tests.bench.usual_ways import TRUNCATE

#: Events stored; without FULL=1 only the first of them.
EVENTS = (1_000_000, 5_000_000, 20_000_000)
#: Signals stored; without FULL=1 only the first two of them.
SIGNALS = (100_000, 1_000_000, 5_000_000, 20_000_000)
#: In each of the weeks that a scorecard looks at.
PER_WEEK = 1_000
WEEK = parse_week("2022-W03")
ROUNDS = 5
#: Of one measurement: long enough for what follows a checkpoint, when every page is written to the WAL as a whole.
_RATE_EVENTS = 400_000
_RATE_ROUNDS = 3
_LONG_AGO = (parse_week("2015-W01").since, parse_week("2021-W01").since)
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
    sizes = EVENTS if figures.full else EVENTS[:1]
    empty, much = database(urls, "growth_none"), database(urls, "growth")
    found: dict[int, _Rates] = {}
    on_disk = 0.0
    with connect(empty) as nothing, connect(much) as history:
        without, among = Contenders(urls.redis, empty, nothing), Contenders(urls.redis, much, history)
        without.worker(make_events(_RATE_EVENTS))  # the first one warms up
        in_redis = without.bytes_per_entry()
        for size in sizes:
            history.execute(TRUNCATE)
            fill_lives(history, *_LONG_AGO, size // 4)
            settle(history)
            row = history.execute("SELECT pg_database_size(current_database())").fetchone()
            on_disk = (row[0] if row else 0) / size
            found[size] = _compare(without, among, history)
        without.close()
        among.close()
    largest = found[sizes[-1]]
    figures.raw["growth"] = {
        "events_per_s": {str(size): rates._asdict() for size, rates in found.items()},
        "bytes_per_event_on_disk": on_disk,
        "bytes_per_event_in_redis": in_redis,
    }
    figures.ratios["rate_20m_vs_0"] = largest.among / largest.without
    if not figures.full:
        figures.smaller.append(
            f"rate_20m_vs_0 was measured at {sizes[-1]:,} stored events (FULL=1: {EVENTS[-1]:,})"
        )
    table = Table(title="worker, with events stored (events/s, median of rounds)", title_justify="left")
    for name in ("events stored", "rate", "with none, in turn", "ratio", "at first, Postgres' memory cold"):
        table.add_column(name, justify="right")
    for size, rates in found.items():
        ratio = rates.among / rates.without
        table.add_row(
            f"{size:,}", f"{rates.among:,.0f}", f"{rates.without:,.0f}", f"{ratio:.2f}", f"{rates.cold:,.0f}"
        )
    figures.console.print(table)
    figures.console.print(
        f"an event takes {on_disk:,.0f} bytes on disk with all indexes, and {in_redis:,.0f} in Redis",
        highlight=False,
    )


class _Rates(NamedTuple):
    """Events per second: into empty tables, among what is stored, and there before its pages were in memory."""

    without: float
    among: float
    cold: float


def _compare(without: Contenders, among: Contenders, connection: Connection) -> _Rates:
    """Both in turn, a checkpoint before each.

    It writes what the other left; and after it every page goes to the WAL as a whole once more, which costs most.
    """
    cold = among.worker(make_events(_RATE_EVENTS), empty=False)
    rates: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(_RATE_ROUNDS):
        for empty, contenders in ((True, without), (False, among)):
            connection.execute("CHECKPOINT")
            rates[empty].append(contenders.worker(make_events(_RATE_EVENTS), empty=empty))
    return _Rates(median(rates[True]), median(rates[False]), cold)


def _scorecard(figures: Figures, urls: Urls) -> None:
    sizes = SIGNALS if figures.full else SIGNALS[:2]
    url = database(urls, "scorecard")
    table = Table(title="one week's scorecard (ms)", title_justify="left")
    for name in ("signals stored", "ours", "the usual four queries"):
        table.add_column(name, justify="right")
    found: dict[int, tuple[float, float]] = {}
    with connect(url) as connection:
        for age in range(9):
            fill_signals(connection, WEEK.earlier(age).since, WEEK.earlier(age).until, PER_WEEK)
        stored = 9 * PER_WEEK
        for size in sizes:
            fill_signals(connection, *_LONG_AGO, size - stored)
            stored = size
            settle(connection)
            ours = _time(lambda: compute(connection, WEEK))
            usual = _time(
                lambda: [connection.execute(one, {"week": WEEK.monday}).fetchall() for one in _USUAL]
            )
            found[size] = (ours, usual)
            table.add_row(f"{size:,}", f"{ours:.1f}", f"{usual:.1f}")
    figures.raw["scorecard_ms"] = {str(size): pair for size, pair in found.items()}
    figures.ratios["scorecard_20m_vs_100k"] = found[sizes[-1]][0] / found[sizes[0]][0]
    if not figures.full:
        figures.smaller.append(
            f"scorecard_20m_vs_100k was measured at {sizes[-1]:,} signals (FULL=1: {SIGNALS[-1]:,})"
        )
    figures.console.print(table)


def _time(work: Callable[[], object]) -> float:
    """The median of several rounds, in milliseconds."""
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1000)
    return median(spent)
