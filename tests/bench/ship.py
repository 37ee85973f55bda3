"""From the journal to the stream: the shipper, and the limit: a pipeline of redis-py that knows every entry already."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from statistics import median
from typing import Any

import redis
from rich.table import Table

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from signaltape.shipping.service import ship_once
from signaltape.stream import stream_key
from tests.bench.figures import Figures
from tests.support.samples import as_json, new_id, published

ROUNDS = 3
EVENTS = 100_000
#: Commands of one pipeline.
_PIPELINE = 1000


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Both in turn, several rounds, and note medians and their ratio."""
    ours, raw = [], []
    for _ in range(ROUNDS):
        ours.append(_shipper(urls, home / "ship"))
        raw.append(_pipeline(urls))
    figures.raw["ship_per_s"] = {"shipper": median(ours), "raw pipeline": median(raw)}
    figures.ratios["ship_vs_raw_pipeline"] = median(ours) / median(raw)
    table = Table(title="journal to stream (events/s, median of rounds)", title_justify="left")
    table.add_column("how")
    table.add_column("events/s", justify="right")
    table.add_row("shipper", f"{median(ours):,.0f}")
    table.add_row("raw redis-py pipeline", f"{median(raw):,.0f}")
    figures.console.print(table)


def _shipper(urls: Urls, home: Path) -> float:
    with Emitter(Settings(feature_event_logging=True, home=home), ship=False) as tape:
        for _ in range(EVENTS):
            tape.published(published())
    settings = Settings(home=home, stream="bench-ship", redis_url=Secret(urls.redis))
    started = time.perf_counter()
    shipped = ship_once(settings)
    elapsed = time.perf_counter() - started
    assert shipped == EVENTS, shipped
    shutil.rmtree(home)
    _remove(urls, "bench-ship")
    return EVENTS / elapsed


def _pipeline(urls: Urls) -> float:
    events = [
        as_json({**published(new_id()), "ts_published": "2022-01-17T02:30:00.000000Z"}) for _ in range(EVENTS)
    ]
    client: Any = redis.Redis.from_url(urls.redis, protocol=2)
    key = stream_key("bench-pipeline", 0)
    started = time.perf_counter()
    with client.pipeline(transaction=False) as pipe:
        for first in range(0, EVENTS, _PIPELINE):
            for data in events[first : first + _PIPELINE]:
                pipe.xadd(key, {"event": "signal_published", "data": data})
            pipe.execute()
    elapsed = time.perf_counter() - started
    client.close()
    _remove(urls, "bench-pipeline")
    return EVENTS / elapsed


def _remove(urls: Urls, stream: str) -> None:
    client: Any = redis.Redis.from_url(urls.redis, protocol=2)
    client.delete(stream_key(stream, 0))
    client.close()
