"""emit beside XADD over TCP, in short slices that alternate: what the machine does meanwhile strikes both alike."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import redis

from deploy.embedded.servers import Urls
from signaltape import Emitter, Settings
from tests.bench.figures import Figures
from tests.bench.timing import Call, spent_ns
from tests.support.samples import as_json

#: Pairs of slices.
_SLICES = 40
_EMITS = 1_000
_ADDS = 150


class Range(NamedTuple):
    """Ratios of all pairs of slices."""

    least: float
    middle: float
    most: float


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure in turn, and note the median of the ratios; the range is printed beside it."""
    settings = Settings(feature_event_logging=True, home=home / "slices", stream="bench-slices")
    with xadd_over_tcp(urls) as add, Emitter(settings, ship=False) as tape:
        pairs = [(_p50_us(tape.published, _EMITS), _p50_us(add, _ADDS)) for _ in range(_SLICES)]
    ratios = _range([ours / theirs for ours, theirs in pairs])
    figures.ratios["emit_p50_vs_xadd"] = ratios.middle
    figures.raw["emit_beside_xadd_us"] = pairs
    ours, theirs = (_range(list(column)) for column in zip(*pairs, strict=True))
    figures.console.print(
        f"emit beside XADD over TCP, {_SLICES} slices in turn: {ours.middle:.1f} µs of {theirs.middle:.0f} µs, "
        f"1/{1 / ratios.middle:.0f} (of each pair 1/{1 / ratios.most:.0f} to 1/{1 / ratios.least:.0f})",
        highlight=False,
    )


def _range(values: list[float]) -> Range:
    return Range(min(values), median(values), max(values))


def _p50_us(call: Call, count: int) -> float:
    return median(spent_ns(call, count)) / 1000


@contextmanager
def xadd_over_tcp(urls: Urls) -> Iterator[Call]:
    """The server as most engines reach theirs; the embedded one is on a Unix socket otherwise."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server: Any = redis.Redis.from_url(urls.redis, protocol=2)
    server.config_set("port", port)
    client: Any = redis.Redis(port=port, protocol=2)
    yield lambda fields: client.xadd("bench-xadd", {"event": "signal_published", "data": as_json(fields)})
    client.close()
    server.config_set("port", 0)
    server.close()
