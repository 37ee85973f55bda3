"""From emit to the phone: an alert's way to the Bot API, while a worker beside it stores what a busy engine emits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from deploy.embedded.servers import Urls
from signaltape import Emitter, Secret, Settings
from sink.db import connect
from tests.bench.accepting import Accepting, process, until
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.web_process import environment
from tests.support.botapi import TOKEN, serving
from tests.support.samples import published

#: Alerts a second; each goes to one of ten private chats, so that none is above its pace of one a second.
RATE = 5
SECONDS = 30
#: Events a second that the worker stores beside.
LOAD = 5_000
#: Not measured: connections are made, and code is read.
_WARM_UP = 10
_REF = r"\bbench_(\d+)"
_BUDGETS = {"SIGNALTAPE_ALERT_BUDGETS": "off", "SIGNALTAPE_MIN_RR": "0", "SIGNALTAPE_ALERT_JSON": "off"}


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure once. The delay of an alert ends when the Bot API has accepted it."""
    url = database(urls, "alerts")
    delays, stored = asyncio.run(_measure(urls, url, home / "alerts"))
    p50, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.99))
    figures.raw["alert_ms"] = {"p50": p50, "p99": p99, "worst": delays[-1], "stored_per_s": stored}
    figures.ratios["alert_p99_ms"] = p99
    figures.console.print(
        f"emit to accepted by the Bot API: alert_p50_ms {p50:.0f}, alert_p99_ms {p99:.0f}, worst {delays[-1]:.0f} "
        f"({RATE}/s over 10 chats; worker beside it {stored:,.0f} events/s)",
        highlight=False,
    )


async def _measure(urls: Urls, url: Secret, home: Path) -> tuple[list[float], float]:
    """The delays in order, in milliseconds; and events a second that the worker stored."""
    told = {**environment(urls, url, home, "bench-alerts"), **_BUDGETS, "FEATURE_EVENT_LOGGING": "true"}
    settings = Settings(
        feature_event_logging=True, home=home, stream="bench-alerts", redis_url=Secret(urls.redis)
    )
    async with serving(Accepting(_REF)) as server:
        with ExitStack() as running:
            running.enter_context(process(told, "worker"))
            running.enter_context(process(told, "tests.bench.alerts_desk", server.base, TOKEN))
            tape = running.enter_context(Emitter(settings))
            await _alert(tape, range(_WARM_UP))
            await until(server, _WARM_UP)
            running.enter_context(process(told, "tests.bench.alerts_load", str(LOAD), str(SECONDS + 2)))
            before, began = _stored(url), time.monotonic()
            emitted = await _alert(tape, range(_WARM_UP, _WARM_UP + RATE * SECONDS))
            stored = (_stored(url) - before) / (time.monotonic() - began)
            await until(server, _WARM_UP + len(emitted))
    return sorted((server.accepted[number] - at) * 1000 for number, at in emitted.items()), stored


async def _alert(tape: Emitter, numbers: Sequence[int]) -> dict[int, float]:
    """Emit signals at a steady rate; when each was, on the clock that all processes share."""
    emitted: dict[int, float] = {}
    began = time.monotonic()
    for place, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, place / RATE - (time.monotonic() - began)))
        one = published(ref_id=f"bench_{number}", entry=222.1, sl=219.9, tp=226.3)
        emitted[number] = time.monotonic()
        assert tape.published(one, ts_published=datetime.now(UTC))
    return emitted


def _stored(url: Secret) -> int:
    with connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM signal_events)"
        ).fetchone()
    assert row is not None
    return int(row[0])
