"""What the benchmarks found: raw figures and ratios, as tables and as `.signaltape/bench.json`."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

#: Every ratio and absolute goal by its name: what must hold.
GOALS = {
    "emit_p50_vs_xadd": ("≤", 1 / 50),
    "emit_p50_vs_confluent": ("≤", 3.0),
    "emit_p999_busy_us": ("≤", 1000.0),
    "emit_p50_stopped_vs_healthy": ("≤", 1.5),
    "drain_vs_raw_copy": ("≥", 0.6),
    "drain_vs_faststream_batch": ("≥", 3.0),
    "drain_vs_insert_per_event": ("≥", 30.0),
    "duplicates_vs_fresh": ("≥", 0.5),
    "two_workers_vs_one": ("≥", 1.3),
    "records_vs_raw_copy": ("≥", 0.6),
    "archive_records_per_s": ("≥", 100_000.0),
    "visible_p99_ms_1k": ("≤", 100.0),
    "visible_p99_ms_5k": ("≤", 100.0),
    "rate_20m_vs_0": ("≥", 0.7),
    "scorecard_20m_vs_100k": ("≤", 1.5),
    "web_overview_p95_ms": ("≤", 100.0),
    "web_search_p95_ms": ("≤", 150.0),
    "web_signal_p95_ms": ("≤", 50.0),
    "web_page_kb": ("≤", 150.0),
    "web_page_gzip_kb": ("≤", 60.0),
    "web_follower_behind_s": ("≤", 1.0),
    "web_worker_kept": ("≥", 0.9),
    "web_memory_mib": ("≤", 150.0),
    "alert_p99_ms": ("≤", 1000.0),
    "ghost_bars_per_s": ("≥", 20_000.0),
    "ghost_line_p99_ms": ("≤", 1000.0),
    "ghost_memory_1m_vs_100k": ("≤", 1.1),
    "guard_memory_mib": ("≤", 100.0),
    "measure_observe_p50_us": ("≤", 1.5),
    "measure_request_p50_us": ("≤", 3.0),
    "measure_record_bytes": ("≤", 2048.0),
    "hooks_flask_measured_slower_us": ("≤", 20.0),
    "seal_bytes_a_row": ("≤", 32.0),
    "copy_with_arrival_indexed": ("≤", 1.05),
}


class Figures:
    """Collects what one run measured. full: at full size."""

    def __init__(self, console: Console, *, full: bool) -> None:
        self.console = console
        self.full = full
        self.ratios: dict[str, float] = {}
        self.raw: dict[str, Any] = {}
        #: what a ratio could be at most on this machine, where that was measured too
        self.bounds: dict[str, float] = {}
        #: what was measured smaller than its name says
        self.smaller: list[str] = []

    def show(self) -> None:
        """Print the ratios beside their goals."""
        table = Table("ratio", "measured", "goal", "")
        for name, (sign, goal) in GOALS.items():
            if name in self.ratios:
                value = self.ratios[name]
                holds = value <= goal if sign == "≤" else value >= goal
                table.add_row(name, f"{value:.3g}", f"{sign} {goal:.3g}", "✅" if holds else "❌")
        self.console.print(table)
        for name, bound in self.bounds.items():
            self.console.print(f"{name}: the cores here allow {bound:.2f} at most", highlight=False)
        for note in self.smaller:
            self.console.print(note, highlight=False)

    def save(self, path: Path) -> None:
        """Write the file; what an earlier run measured and this one did not stays."""
        before: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
        document = {
            "machine": machine(),
            "ratios": {**before.get("ratios", {}), **self.ratios},
            "raw": {**before.get("raw", {}), **self.raw},
            "bounds": {**before.get("bounds", {}), **self.bounds},
            "smaller": self.smaller,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def machine() -> str:
    """What it was measured on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
