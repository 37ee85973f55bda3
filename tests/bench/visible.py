"""From emit to visible: committed, and seen by another connection; the whole way, as processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from sink.db import Connection, connect
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.support.samples import new_id, published

SECONDS = 8.0
RATES = {"100": 100, "1k": 1_000, "5k": 5_000, "20k": 20_000}
#: Rates that have a goal.
_GOALS = ("1k", "5k")
#: One event in so many is looked for.
_WATCHED = 50


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure at several rates. The delay of a watched event ends when a query of another connection sees it."""
    table = Table(title="emit to visible (ms)", title_justify="left")
    for name in ("events/s", "p50", "p99", "p99.9"):
        table.add_column(name, justify="right")
    for name, rate in RATES.items():
        url = database(urls, f"visible_{name}")
        found = _measure(urls, url, home / f"visible-{name}", rate)
        figures.raw[f"visible_ms_{name}"] = found
        if name in _GOALS:
            figures.ratios[f"visible_p99_ms_{name}"] = found[1]
        table.add_row(name, *(f"{value:.1f}" for value in found))
    figures.console.print(table)


def _measure(urls: Urls, url: Secret, home: Path, rate: int) -> tuple[float, float, float]:
    stream = f"visible-{rate}"
    settings = Settings(feature_event_logging=True, home=home, stream=stream, redis_url=Secret(urls.redis))
    environment = {
        **os.environ,
        "REDIS_URL": urls.redis,
        "DATABASE_URL": url.reveal(),
        "SIGNALTAPE_STREAM": stream,
        "SIGNALTAPE_HOME": str(home),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "worker"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    watcher: Any = None
    try:
        with Emitter(settings) as tape, connect(url) as connection:
            _await_first(tape, connection)
            emitted = home / "emitted"
            watcher = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.watcher", url.reveal(), str(SECONDS)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert watcher.stdout is not None
            watcher.stdout.readline()  # it watches
            times = _emit(tape, rate)
            emitted.write_text("")
            out = watcher.communicate(timeout=60)[0]
    finally:
        worker.terminate()
        worker.wait(30)
        if watcher is not None and watcher.poll() is None:
            watcher.kill()
    seen = dict(line.split() for line in out.splitlines())
    delays = sorted((float(seen[one]) - at) * 1000 for one, at in times.items() if one in seen)
    assert len(delays) > 0.9 * len(times), (len(delays), len(times))
    p50, p99, p999 = (delays[int(len(delays) * share)] for share in (0.5, 0.99, 0.999))
    return p50, p99, p999


def _await_first(tape: Emitter, connection: Connection) -> None:
    tape.published(published())
    while connection.execute("SELECT count(*) FROM signals").fetchone() == (0,):
        time.sleep(0.02)  # the way is open once the first one is through


def _emit(tape: Emitter, rate: int) -> dict[str, float]:
    """Emit at a steady rate; the times of the watched ones by signal id, on the clock all processes share."""
    times: dict[str, float] = {}
    began = time.monotonic()
    for number in range(int(rate * SECONDS)):
        ahead_s = number / rate - (time.monotonic() - began)
        if ahead_s > 0.001:
            time.sleep(ahead_s)  # this is what makes it a rate
        watched = number % _WATCHED == 0
        signal_id = new_id()
        setup = "watched" if watched else None
        if watched:
            times[signal_id] = time.monotonic()
        tape.published(published(signal_id, setup=setup) if setup else published(signal_id))
    return times
