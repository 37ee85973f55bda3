"""The dashboard among years of signals: pages, searches, weight, memory, and many that follow the tape."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from signaltape.clock import utc_now
from sink.db import Connection, connect
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.web_filling import fill_book
from tests.bench.web_process import Dashboard, dashboard, environment
from tests.support.samples import published

SIGNALS, SIGNALS_FULL = 1_000_000, 5_000_000
_TIMES = 25
_ONE_SIGNAL_TIMES = 200
FOLLOWERS, RATE, SECONDS = 200, 1_000, 15.0
#: Filters that are given alone, and each with the next: frequent, rare, and what is not there.
_FILTERS = (
    *("symbol=BTC-PERP", "symbol=COIN33-PERP", "symbol=RARE-PERP", "symbol=NONE", "side=long", "side=short"),
    *("setup=setup1", "setup=rare-setup", "rules=rules-5", "rules=rules-0", "rules=rules-rare"),
    *("hour=7", "weekday=Sun"),
    *("bin=2", "bin=0", "low=0.949&high=0.95", "low=0.99", "low=0.5&high=0.7"),
    *("outcome=closed", "outcome=won", "outcome=lost", "outcome=sl"),
    *("outcome=open", "outcome=triggered", "outcome=expired"),
)  # fmt: skip
_COMBINED = (
    *(
        "symbol=BTC-PERP&outcome=expired",
        "symbol=COIN33-PERP&side=short&outcome=won",
        "side=short&outcome=open",
    ),
    *(
        "setup=setup1&rules=rules-5&symbol=BTC-PERP",
        "setup=setup1&rules=rules-rare",
        "rules=rules-0&outcome=sl&hour=3",
    ),
    *("hour=3&weekday=Sun&bin=4&outcome=won", "low=0.9&side=short&setup=rare-setup"),
)
_WORDS = ("long won", "btc-perp", "rare-perp", "rules-rare", "rare-setup", "nobody-knows", "0.70-0.79 lost")


class Known(NamedTuple):
    """What the book has, to be asked for."""

    signal_ids: list[str]
    refs: list[str]
    entries: list[str]
    week: str


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Fill, ask page by page, then let many follow while events come."""
    url, count = database(urls, "web"), SIGNALS_FULL if figures.full else SIGNALS
    with connect(url) as connection:
        fill_book(connection, utc_now(), count)
        known = _known(connection)
        with dashboard(urls, url, home / "web", "bench-web") as served:
            _pages(figures, served, known)
            _followers(figures, urls, url, home / "web", served, connection)
            served.renew()
            served.body(f"/score/{known.week}.png")
            figures.ratios["web_memory_mib"] = served.highest_mib
    if not figures.full:
        figures.smaller.append(f"web was measured among {count:,} signals (FULL=1: {SIGNALS_FULL:,})")


def _known(connection: Connection) -> Known:
    rows = connection.execute(
        "SELECT s.signal_id::text, s.ref_id, e.entry_id FROM signals s TABLESAMPLE bernoulli (1)"
        " JOIN signal_events e USING (signal_id) WHERE e.event = 'signal_closed' LIMIT 300"
    ).fetchall()
    row = connection.execute("SELECT to_char(now() - interval '7 days', 'IYYY-\"W\"IW')").fetchall()
    return Known([one[0] for one in rows], [one[1] for one in rows], [one[2] for one in rows], row[0][0])


def _pages(figures: Figures, served: Dashboard, known: Known) -> None:
    searches = {one: f"/signals?{one}" for one in ("", *_FILTERS, *_COMBINED)}
    searches |= {
        f"week, {one}": f"/signals?{one}&{_week(known)}" for one in ("outcome=sl", "side=short", "bin=4")
    }
    searches |= {word: f"/signals?q={word.replace(' ', '+')}" for word in _WORDS}
    found = {name or "all": _p95([served.ms(path) for _ in range(_TIMES)]) for name, path in searches.items()}
    found |= {
        "by id": _p95([served.ms(f"/signals?q={one}") for one in known.signal_ids[:_TIMES]]),
        "by ref": _p95([served.ms(f"/signals?q={one}") for one in known.refs[:_TIMES]]),
        "by entry": _p95([served.ms(f"/signals?q={one}") for one in known.entries[:_TIMES]]),
    }
    slowest = max(found, key=lambda name: found[name])
    signals = _p95([served.ms(f"/signals/{one}") for one in known.signal_ids[:_ONE_SIGNAL_TIMES]])
    overview = _p95([served.ms("/") for _ in range(100)])
    weights = [served.weight(path) for path in ("/", f"/score/{known.week}", "/signals")]
    figures.raw["web_search_p95_ms"] = found
    figures.raw["web_score_ms"] = {
        "first": served.ms(f"/score/{known.week}?side=long"),
        "known": served.ms(f"/score/{known.week}"),
    }
    figures.ratios |= {
        "web_overview_p95_ms": overview,
        "web_search_p95_ms": found[slowest],
        "web_signal_p95_ms": signals,
        "web_page_kb": max(plain for plain, _ in weights) / 1000,
        "web_page_gzip_kb": max(packed for _, packed in weights) / 1000,
    }
    table = Table(title="the dashboard (ms, p95)", title_justify="left")
    table.add_column("what")
    table.add_column("ms", justify="right")
    table.add_row("overview", f"{overview:.0f}")
    table.add_row("one signal", f"{signals:.0f}")
    for name in sorted(found, key=lambda name: -found[name])[:12]:
        table.add_row(f"search: {name}", f"{found[name]:.0f}")
    figures.console.print(table)


def _week(known: Known) -> str:
    monday = time.strptime(f"{known.week}-1", "%G-W%V-%u")
    return f"since={time.strftime('%Y-%m-%d', monday)}"


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _followers(
    figures: Figures, urls: Urls, url: Secret, home: Path, served: Dashboard, connection: Connection
) -> None:
    settings = Settings(
        feature_event_logging=True, home=home, stream="bench-web", redis_url=Secret(urls.redis)
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "worker"],
        env={**os.environ, **environment(urls, url, home, "bench-web")},
        stderr=subprocess.DEVNULL,
    )
    try:
        with Emitter(settings) as tape:
            alone = _stored_of(tape, connection)
            many = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "tests.bench.web_followers",
                    str(served.port),
                    str(FOLLOWERS),
                    str(SECONDS),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert many.stdout is not None
            many.stdout.readline()  # they follow
            followed = _stored_of(tape, connection)
            out = many.communicate(timeout=120)[0]
    finally:
        process.terminate()
        process.wait(30)
    behind = [float(line.split()[0]) for line in out.splitlines()]
    events = [int(line.split()[1]) for line in out.splitlines()]
    assert len(events) == FOLLOWERS
    figures.raw["web_followers"] = {
        "behind_ms": max(behind),
        "fewest_events": min(events),
        "most_events": max(events),
    }
    figures.ratios["web_follower_behind_s"] = max(behind) / 1000
    figures.ratios["web_worker_kept"] = followed / alone
    figures.console.print(
        f"{FOLLOWERS} followers at {RATE:,} events/s: {max(behind):.0f} ms behind at most; "
        f"the worker stored {followed:,.0f}/s, {alone:,.0f}/s without them",
        highlight=False,
    )


def _stored_of(tape: Emitter, connection: Connection) -> float:
    """Events stored per second, while they come at a steady rate; a second goes by before it is counted."""
    before, began, counted_at = 0, time.monotonic(), 0.0
    for number in range(int(RATE * (SECONDS - 2))):
        ahead_s = number / RATE - (time.monotonic() - began)
        if ahead_s > 0.001:
            time.sleep(ahead_s)  # this is what makes it a rate
        if number == RATE:
            before, counted_at = _stored(connection), time.monotonic()
        tape.published(published(setup="followed"))
    return (_stored(connection) - before) / (time.monotonic() - counted_at)


def _stored(connection: Connection) -> int:
    row = connection.execute("SELECT sum(events_stored) FROM sink_counters").fetchone()
    return int(row[0] or 0) if row else 0
