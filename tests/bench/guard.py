"""A guard of 200 endpoints: its memory, how fast it folds what they measured, what an evaluation costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from deploy.embedded.servers import Urls
from sink.db import Connection, connect
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.support.guarding import Measures
from tests.support.waiting import eventually

ENDPOINTS = 200
#: As many as windows of seconds reach back, ten seconds each.
SLOTS = 90
_STREAM = "guard_bench"
_VALUES = tuple(float(value) for value in range(40, 1_000, 24))
#: Then it looks on for so long.
_LOOKS_ON_S = 30.0
_EVERY_S = 1.0


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Fold a quarter of an hour of all endpoints, then evaluate every second for a while."""
    url = database(urls, "guard_bench")
    with redis.Redis.from_url(urls.redis, protocol=2) as client, connect(url) as connection:
        _fill(Measures(client, _STREAM))
        process = subprocess.Popen(
            [sys.executable, "-m", "guard"], env=_environment(urls, url.reveal(), home)
        )
        began = time.monotonic()
        eventually(lambda: _folded(connection) >= ENDPOINTS * SLOTS, 600)
        folded_s = time.monotonic() - began
        cpu_s = _cpu_s(process.pid)
        time.sleep(_LOOKS_ON_S)  # so long its processor time is counted
        busy = (_cpu_s(process.pid) - cpu_s) * _EVERY_S / _LOOKS_ON_S
        peak, now = _mib(process.pid, "VmHWM"), _mib(process.pid, "VmRSS")
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    figures.raw["guard"] = {
        "peak_mib": peak,
        "mib": now,
        "folded_per_s": ENDPOINTS * SLOTS / folded_s,
        "evaluation_cpu_ms": 1000 * busy,
    }
    figures.ratios["guard_memory_mib"] = peak
    figures.console.print(
        f"guard of {ENDPOINTS} endpoints: {peak:.0f} MiB at most, {now:.0f} MiB then; "
        f"{ENDPOINTS * SLOTS / folded_s:,.0f} records/s folded; an evaluation takes {1000 * busy:.0f} ms of a core",
        highlight=False,
    )


def _fill(measures: Measures) -> None:
    now = datetime.now(UTC)
    for slot in range(SLOTS, 0, -1):
        at = now - timedelta(seconds=10 * slot)
        for number in range(ENDPOINTS):
            measures.put(*_VALUES, at=at, name=f"GET /api/part/{number}/<symbol>")


def _folded(connection: Connection) -> int:
    row = connection.execute("SELECT coalesce(sum(cardinality(ids)), 0) FROM guard_minutes").fetchone()
    return int(row[0]) if row else 0


def _environment(urls: Urls, url: str, home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "REDIS_URL": urls.redis,
        "DATABASE_URL": url,
        "SIGNALTAPE_HOME": str(home / "guard"),
        "SIGNALTAPE_DATA": str(home / "guard-archive"),
        "SIGNALTAPE_STREAM": _STREAM,
        "SIGNALTAPE_GUARD_EVERY_S": str(_EVERY_S),
        "FEATURE_EVENT_LOGGING": "true",
        "TELEGRAM_BOT_TOKEN": "",
    }


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _mib(pid: int, what: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024
