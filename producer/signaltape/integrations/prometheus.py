"""Prometheus: the measures of any process over HTTP, all asked anew at each scrape.

A part that is away (Redis, Postgres, a disk) is left out, and the others are answered; so is one that takes too long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, singledispatch

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

import signaltape
from signaltape.measures import Ask, Buckets, Measure, Measured, Spread, Table
from signaltape.notices import Notices
from signaltape.secrecy import scrub

#: So long all parts together may take to answer. Prometheus itself waits for 10 seconds.
ANSWER_WITHIN_S = 5.0


class Measures(Collector):
    """Collects on demand. process: its name; parts: what to ask, by name."""

    def __init__(self, process: str, parts: Mapping[str, Ask]) -> None:
        self._process = process
        self._parts = {name: _Part(ask) for name, ask in parts.items()}
        self._began = time.monotonic()
        self._notices = Notices()

    def collect(self) -> Iterator[Metric]:
        """All metrics of one scrape."""
        yield InfoMetricFamily(
            "signaltape_process",
            "Which process this is",
            {"process": self._process, "version": signaltape.__version__},
        )
        uptime_s = time.monotonic() - self._began
        yield GaugeMetricFamily("signaltape_uptime_seconds", "Since the metrics are served", value=uptime_s)
        answered = GaugeMetricFamily(
            "signaltape_metrics_answered", "1 if a part could be asked, 0 if it is left out", labels=["part"]
        )
        deadline = time.monotonic() + ANSWER_WITHIN_S
        for part in self._parts.values():
            part.ask()
        for name, part in self._parts.items():
            found = self._answer(name, part, deadline)
            answered.add_metric([name], found is not None)
            yield from map(_family, found or [])
        yield answered

    def describe(self) -> list[Metric]:
        """Nothing is asked when it is registered."""
        return []

    def _answer(self, name: str, part: _Part, deadline: float) -> list[Measured] | None:
        answer = part.wait(max(0.0, deadline - time.monotonic()))
        if isinstance(answer, list):
            return answer
        self._notices.say(name, f"metrics without {name}: {scrub(str(answer)).strip().partition(chr(10))[0]}")
        return None


class _Part:
    """Asked in a thread of its own, never twice at once: who waits for a server that is away holds up nobody."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._thread: threading.Thread | None = None
        self._answer: list[Measured] | Exception = []

    def ask(self) -> None:
        """Begin, unless the last time is not over yet."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> list[Measured] | Exception:
        """What it answers within a time, or why it does not."""
        assert self._thread is not None
        self._thread.join(timeout_s)
        return TimeoutError("it takes too long") if self._thread.is_alive() else self._answer

    def _run(self) -> None:
        try:
            self._answer = list(self._ask())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are answered
            self._answer = error


@singledispatch
def _family(measured: Measured) -> Metric:
    """What Prometheus' library makes of it."""
    raise TypeError(f"no measure: {type(measured).__name__}")


@_family.register
def _(measure: Measure) -> Metric:
    labels = (measure.label,) if measure.label else ()
    values = {(value,) * len(labels): number for value, number in measure.values.items()}
    return _family(Table(measure.name, measure.says, labels, values, measure.total))


@_family.register
def _(table: Table) -> Metric:
    make = CounterMetricFamily if table.total else GaugeMetricFamily
    family = make(table.name, table.says, labels=table.labels)
    for values, number in table.values.items():
        family.add_metric(values, number)
    return family


@_family.register
def _(buckets: Buckets) -> Metric:
    family = HistogramMetricFamily(buckets.name, buckets.says, labels=buckets.labels)
    for values, spread in buckets.values.items():
        family.add_metric(values, _bounds(spread), spread.sum)
    return family


def _bounds(spread: Spread) -> Sequence[tuple[str, float]]:
    return [*((str(bound), n) for bound, n in spread.up_to.items()), ("+Inf", spread.n)]


def serve(port: int, process: str, parts: Mapping[str, Ask], host: str = "127.0.0.1") -> Callable[[], None]:
    """Serve them, with what the system knows of this process (memory, CPU, files); returns what stops it.

    Raises OSError if the port is taken.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Measures(process, parts))
    server, thread = start_http_server(port, addr=host, registry=registry)
    return partial(_stop, server, thread)


def _stop(server: object, thread: threading.Thread) -> None:
    server.shutdown()  # type: ignore[attr-defined]
    server.server_close()  # type: ignore[attr-defined]
    thread.join()
