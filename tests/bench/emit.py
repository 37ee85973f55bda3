"""What one event costs on the engine's own thread: our emit next to a synchronous XADD."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import redis
from rich.console import Console
from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from tests.support.samples import as_json, new_id, published

ROUNDS = 5
EMITS = 20_000
XADDS = 2_000


def run(console: Console, urls: Urls, home: Path) -> None:
    """Measure in turn, several rounds, and print medians and ratios."""
    client: Any = redis.Redis.from_url(urls.redis, protocol=2)
    settings = Settings(feature_event_logging=True, home=home / "emit", stream="bench-emit")
    shipping = Settings(
        feature_event_logging=True, home=home / "ship", stream="bench-ship", redis_url=Secret(urls.redis)
    )
    idle, busy = Emitter(settings, ship=False), Emitter(shipping)

    def xadd(fields: dict[str, Any]) -> None:
        client.xadd("bench-xadd", {"event": "signal_published", "data": as_json(fields)})

    contenders: dict[str, tuple[Callable[[dict[str, Any]], object], int]] = {
        "emit (journal)": (idle.published, EMITS),
        "emit (shipper thread busy)": (busy.published, EMITS),
        "synchronous XADD": (xadd, XADDS),
    }
    rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, (call, count) in contenders.items():
            rounds[name].append(_percentiles(call, count))
    idle.close()
    busy.close(timeout=30)
    client.close()
    _show(
        console,
        {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in rounds.items()},
    )


def _percentiles(call: Callable[[dict[str, Any]], object], count: int) -> tuple[float, float, float]:
    """p50, p99 and p99.9 of one call, in microseconds."""
    events = [published(new_id()) for _ in range(count)]
    clock = time.perf_counter_ns
    spent = []
    for event in events:
        started = clock()
        call(event)
        spent.append(clock() - started)
    spent.sort()
    return tuple(spent[int(count * share)] / 1000 for share in (0.5, 0.99, 0.999))  # type: ignore[return-value]


def _show(console: Console, medians: dict[str, list[float]]) -> None:
    table = Table(title="emit, on the caller's thread (µs, median of rounds)", title_justify="left")
    table.add_column("call")
    for name in ("p50", "p99", "p99.9", "p50 / XADD p50"):
        table.add_column(name, justify="right")
    reference = medians["synchronous XADD"][0]
    for name, (p50, p99, p999) in medians.items():
        table.add_row(name, f"{p50:.1f}", f"{p99:.1f}", f"{p999:.1f}", f"1/{reference / p50:.0f}")
    console.print(table)
