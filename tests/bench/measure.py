"""What it costs an engine to measure itself: a value, an answer, a flush of all that there may be; a record's size."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import msgspec
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as PrometheusHistogram
from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Emitter, Settings
from signaltape.measuring import Recorder, recorder_of
from signaltape.measuring.names import MOST_NAMES
from tests.bench.figures import Figures
from tests.support.measured import measurements

ROUNDS = 5
CALLS = 20_000
#: Values of each name between two flushes: 200 names at 100/s each, far more than one process of Python answers.
VALUES = 1000
_SAMPLES = [random.Random(19).lognormvariate(4, 1) for _ in range(CALLS)]


def run(figures: Figures, _urls: Urls, home: Path) -> None:
    """Measure in turn, several rounds, and note medians."""
    with Emitter(Settings(feature_event_logging=True, home=home / "measure"), ship=False) as tape:
        recorder = recorder_of(tape)
        seen = PrometheusHistogram("answers", "", ["name"], registry=CollectorRegistry())
        contenders: dict[str, Callable[[float], object]] = {
            "observe": lambda value: recorder.observe("ws", "orderflow", "rtt_ms", value),
            "request": lambda value: recorder.request("GET /api/signal/<symbol>", 200, value, "an-id"),
            "tape.measure": lambda value: tape.measure("ws", "orderflow", rtt_ms=value),
            "prometheus_client observe": lambda value: seen.labels("orderflow").observe(value),
            "nothing": lambda value: value,
        }
        rounds: dict[str, list[tuple[float, ...]]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, call in contenders.items():
                rounds[name].append(_percentiles(call))
    found = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in rounds.items()}
    flush_ms, size = _flush_ms(home / "flush"), _largest(home / "large")
    figures.raw["measure"] = {"us": found, "flush_ms": flush_ms, "record_bytes": size}
    figures.ratios |= {
        "measure_observe_p50_us": found["observe"][0],
        "measure_request_p50_us": found["request"][0],
        "measure_record_bytes": size,
    }
    _print(figures, found)
    figures.console.print(
        f"a flush of {MOST_NAMES} names with {VALUES} values each: {flush_ms:.0f} ms; "
        f"the largest record: {size} bytes",
        highlight=False,
    )


def _percentiles(call: Callable[[float], object]) -> tuple[float, ...]:
    """p50, p99 and p99.9 of one call, in microseconds."""
    clock, spent = time.perf_counter_ns, []
    for value in _SAMPLES:
        started = clock()
        call(value)
        spent.append(clock() - started)
    spent.sort()
    return tuple(spent[int(CALLS * share)] / 1000 for share in (0.5, 0.99, 0.999))


def _flush_ms(home: Path) -> float:
    """The median of some flushes of as many names as there may be."""
    spent = []
    with Emitter(Settings(feature_event_logging=True, home=home), ship=False) as tape:
        recorder = Recorder(tape, every_s=3600)
        for _ in range(ROUNDS):
            for number in range(MOST_NAMES):
                for value in _SAMPLES[:VALUES]:
                    recorder.request(f"GET /{number}", 200, value, "an-id")
            started = time.perf_counter()
            assert recorder.flush() == MOST_NAMES
            spent.append((time.perf_counter() - started) * 1000)
    return median(spent)


def _largest(home: Path) -> int:
    """Bytes of a record with the longest name and ids, and values in every bucket from 1 µs to a day."""
    with Emitter(Settings(feature_event_logging=True, home=home, engine="e" * 64), ship=False) as tape:
        for number in range(100_000):
            value = 1.015 ** (number % 1700) / 1000
            recorder_of(tape).request("x" * 500, 500 - number % 400, value, f"{number:0500}")
    return max(len(msgspec.json.encode(one)) for one in measurements(home))


def _print(figures: Figures, found: dict[str, list[float]]) -> None:
    table = Table(title="measuring, on the caller's thread (µs, median of rounds)", title_justify="left")
    for name in ("call", "p50", "p99", "p99.9"):
        table.add_column(name, justify="left" if name == "call" else "right")
    for name, spent in found.items():
        table.add_row(name, *(f"{each:.2f}" for each in spent))
    figures.console.print(table)
