"""The time machine: archiving, building a session, and playing it as fast as possible and at speed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import uuid_utils
from rich.table import Table

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from consumer.loop import tune_interpreter
from deploy.embedded.servers import Urls
from replay.archive.archiver import Archive
from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource, Span
from signaltape.replay import ReplayFeed
from tests.bench.figures import Figures
from tests.support.records import RECORD_SAMPLES

RECORDS = 1_000_000
_BATCH = 5000
_BEGIN = datetime(2022, 1, 17, tzinfo=UTC)
_SPEEDS = (1, 10, 100)


def run(figures: Figures, _urls: Urls, home: Path) -> None:
    """Measure each step in a process of its own, so that each has a memory of its own."""
    data = home / "replay"
    console = figures.console
    found_by_step = {}
    for step in ("archive", "build", "play"):
        out = subprocess.run(
            [sys.executable, "-m", "tests.bench.replay", step, str(data), str(RECORDS)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found_by_step[step] = json.loads(out)
    table = Table(title=f"{RECORDS:,} market records (one core each)", title_justify="left")
    for name in ("step", "records/s", "highest memory"):
        table.add_column(name, justify="right")
    for step, found in found_by_step.items():
        table.add_row(step, f"{found['rate']:,.0f}", f"{found['rss_mib']:.0f} MiB")
    console.print(table)
    drifts = Table(title="schedule error at speed, ms", title_justify="left")
    for name in ("speed", "median", "worst"):
        drifts.add_column(name, justify="right")
    for speed in _SPEEDS:
        middle, worst = _drift(home / f"speed-{speed}", speed)
        drifts.add_row(str(speed), f"{middle:.2f}", f"{worst:.2f}")
    console.print(drifts)
    figures.raw["replay"] = found_by_step
    figures.ratios["archive_records_per_s"] = found_by_step["archive"]["rate"]


def _archive(data: Path, count: int) -> float:
    """Records per second from decoded batches to fsynced files; making the entries is not counted."""
    tune_interpreter()  # as the archiver's own process does
    target = Archive(data)
    spent = 0.0
    for start in range(0, count, _BATCH):
        entries = [_entry(number, timedelta(milliseconds=10)) for number in range(start, start + _BATCH)]
        began = time.perf_counter()
        target.write(decode_entries(entries))
        spent += time.perf_counter() - began
    target.close()
    return count / spent


def _entry(number: int, spacing: timedelta) -> Entry:
    # neighbours come in disorder, as from several engines
    place = number ^ 7
    at = (_BEGIN + place * spacing).isoformat()
    fields = {"id": str(uuid_utils.uuid7()), **RECORD_SAMPLES["market_trade"], "timestamp": at}
    data = msgspec.json.encode(fields)
    return Entry("bench:{0}", f"{1642377600000 + number}-0", [b"event", b"market_trade", b"data", data])


def _build(data: Path, count: int) -> float:
    began = time.perf_counter()
    span = Span(_BEGIN, _BEGIN + timedelta(days=365))
    manifest = build(data, ArchiveSource(data), span, now=datetime.now(UTC))
    assert manifest.total_events == count
    return count / (time.perf_counter() - began)


def _play(data: Path, count: int) -> float:
    (folder,) = sessions_folder(data).iterdir()
    seen = 0

    def on_any(_event: object) -> None:
        nonlocal seen
        seen += 1

    began = time.perf_counter()
    ReplayFeed(folder).on("*", on_any).run()
    assert seen == count
    return count / (time.perf_counter() - began)


def _drift(data: Path, speed: int) -> tuple[float, float]:
    """Two seconds of events, 50 a second as played."""
    target = Archive(data)
    spacing = timedelta(milliseconds=20 * speed)
    target.write(decode_entries([_entry(number, spacing) for number in range(104)]))
    target.close()
    build(data, ArchiveSource(data), Span(_BEGIN, _BEGIN + timedelta(days=1)), now=datetime.now(UTC))
    (folder,) = sessions_folder(data).iterdir()
    status = ReplayFeed(folder, speed=speed).on("*", lambda _event: None).run()
    return status.drift_median_ms, status.drift_max_ms


if __name__ == "__main__":
    step, folder, records = sys.argv[1:]
    rate = {"archive": _archive, "build": _build, "play": _play}[step](Path(folder), int(records))
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's memory before exec
    peak_kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"rate": rate, "rss_mib": int(peak_kib) / 1024}))
