"""Stream to committed and acknowledged, with all tables and indexes: ours, the usual ways, and the limit."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psycopg
from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Secret
from sink.admin.migrate import migrate
from sink.db import connect
from tests.bench.contenders import Contenders
from tests.bench.figures import Figures

ROUNDS = 3


def database(urls: Urls, name: str) -> Secret:
    """A migrated database of this name, made anew."""
    with psycopg.connect(urls.database, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = Secret(urls.database.replace("@/postgres?", f"@/{name}?"))
    with connect(url) as connection:
        migrate(connection)
    return url


def run(figures: Figures, urls: Urls, _home: Path) -> None:
    """Measure in turn, several rounds, and note medians and ratios."""
    url = database(urls, "bench")
    with connect(url) as connection:
        all_of_them = Contenders(urls.redis, url, connection)
        ways: dict[str, Callable[[], float]] = {
            "worker": all_of_them.worker,
            "raw COPY of the same rows": all_of_them.raw_copy,
            "FastStream, batch": lambda: all_of_them.faststream(batch=True),
            "FastStream, per message": lambda: all_of_them.faststream(batch=False),
            "executemany": all_of_them.executemany,
            "one insert per event": all_of_them.insert_per_event,
            "1 worker process": lambda: all_of_them.workers(1),
            "2 worker processes": lambda: all_of_them.workers(2),
            "4 worker processes": lambda: all_of_them.workers(4),
            "1 % duplicates": lambda: all_of_them.duplicates(0.01),
            "10 % duplicates": lambda: all_of_them.duplicates(0.1),
            "all duplicates": lambda: all_of_them.duplicates(1.0),
            "records": all_of_them.records,
            "raw COPY of the same records": all_of_them.raw_copy_of_records,
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, way in ways.items():
                rates[name].append(way())
        all_of_them.close()
    found = {name: median(values) for name, values in rates.items()}
    figures.raw["drain_per_s"] = found
    busy = {count: median(cores) for count, cores in all_of_them.busy_cores.items()}
    figures.raw["drain_busy_cores"] = busy
    figures.bounds["two_workers_vs_one"] = (os.cpu_count() or 1) / busy[1]
    ours = found["worker"]
    figures.ratios |= {
        "drain_vs_raw_copy": ours / found["raw COPY of the same rows"],
        "drain_vs_faststream_batch": ours / found["FastStream, batch"],
        "drain_vs_insert_per_event": ours / found["one insert per event"],
        "duplicates_vs_fresh": found["all duplicates"] / ours,
        "records_vs_raw_copy": found["records"] / found["raw COPY of the same records"],
        "two_workers_vs_one": found["2 worker processes"] / found["1 worker process"],
    }
    table = Table(title="stream to Postgres (events/s, median of rounds)", title_justify="left")
    table.add_column("how")
    for name in ("events/s", "the worker is"):
        table.add_column(name, justify="right")
    for name, rate in found.items():
        table.add_row(name, f"{rate:,.0f}", f"{ours / rate:.2f}×")
    figures.console.print(table)
