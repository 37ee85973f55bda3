"""Prometheus: the measures of any process over HTTP, all asked anew at each scrape.

A part that is away (Redis, Postgres, a disk) is left out, and the others are answered; so is one that takes too long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

import signaltape
from signaltape.measures import Ask, Measure
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

    def _answer(self, name: str, part: _Part, deadline: float) -> list[Measure] | None:
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
        self._answer: list[Measure] | Exception = []

    def ask(self) -> None:
        """Begin, unless the last time is not over yet."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> list[Measure] | Exception:
        """What it answers within a time, or why it does not."""
        assert self._thread is not None
        self._thread.join(timeout_s)
        return TimeoutError("it takes too long") if self._thread.is_alive() else self._answer

    def _run(self) -> None:
        try:
            self._answer = list(self._ask())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are answered
            self._answer = error


def _family(measure: Measure) -> Metric:
    make = CounterMetricFamily if measure.total else GaugeMetricFamily
    family = make(measure.name, measure.says, labels=[measure.label] if measure.label else None)
    for value, number in measure.values.items():
        family.add_metric([value] if measure.label else [], number)
    return family


def serve(port: int, process: str, parts: Mapping[str, Ask]) -> Callable[[], None]:
    """Serve them on 127.0.0.1; returns what stops it. Raises OSError if the port is taken."""
    registry = CollectorRegistry()
    registry.register(Measures(process, parts))
    server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    return partial(_stop, server, thread)


def _stop(server: object, thread: threading.Thread) -> None:
    server.shutdown()  # type: ignore[attr-defined]
    server.server_close()  # type: ignore[attr-defined]
    thread.join()
