"""From a bar to the phone: a line's way from the bar that reaches it, through the ghost, to the Bot API's answer."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import redis

from deploy.embedded.servers import Urls
from desk.alerts.plans import PlanLine
from desk.ghosts.commanding import Asker, free_line
from desk.ghosts.recording import record
from desk.settings import ROOM
from signaltape import Emitter, Secret, Settings
from signaltape.stream import stream_key
from sink.db import connect
from sink.outgoing import Committing, emit_committed
from tests.bench.accepting import Accepting, process, until
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.web_process import environment
from tests.support.botapi import TOKEN, serving
from tests.support.waiting import eventually

#: Bars a second, each of which rings one line, in turn in one of ten private chats: none is above its pace.
RATE = 5
SECONDS = 30
CHATS = 10
#: Events a second that the worker stores beside.
LOAD = 5_000
_WARM_UP = 10
_LINES = _WARM_UP + RATE * SECONDS
_STREAM, _SYMBOL = "bench-rings", "LINE-USDT-SWAP"


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure once. The delay of a ring begins with its bar's XADD and ends when the Bot API has accepted it."""
    delays = asyncio.run(_Bench(urls, home / "rings").measure())
    p50, p99 = (delays[int(len(delays) * share)] for share in (0.5, 0.99))
    figures.raw["ring_ms"] = {"p50": p50, "p99": p99, "worst": delays[-1]}
    figures.ratios["ring_p99_ms"] = p99
    figures.console.print(
        f"bar to ring accepted by the Bot API: ring_p50_ms {p50:.0f}, ring_p99_ms {p99:.0f}, worst {delays[-1]:.0f} "
        f"({RATE}/s over {CHATS} chats, a worker beside it that is given {LOAD:,} events/s)",
        highlight=False,
    )


class _Bench:
    """A stream, a database and the processes: worker, ghost, desk."""

    def __init__(self, urls: Urls, home: Path) -> None:
        self._url = database(urls, "rings")
        self._told = {**environment(urls, self._url, home, _STREAM), "FEATURE_EVENT_LOGGING": "true"}
        self._settings = Settings(
            feature_event_logging=True, home=home, stream=_STREAM, redis_url=Secret(urls.redis)
        )
        self._redis: Any = redis.Redis.from_url(urls.redis)
        self._began = datetime.now(UTC)

    async def measure(self) -> list[float]:
        """The delays in order, in milliseconds."""
        async with serving(Accepting(r"\bb_(\d+)")) as server:
            with ExitStack() as running:
                running.enter_context(process(self._told, "worker"))
                running.enter_context(process(self._told, "ghost"))
                running.enter_context(process(self._told, "tests.bench.alerts_desk", server.base, TOKEN))
                await asyncio.to_thread(self._set_lines)
                await self._ring(range(_WARM_UP))
                await until(server, _WARM_UP)
                load = ("tests.bench.alerts_load", str(LOAD), str(SECONDS + 2))
                running.enter_context(process(self._told, *load))
                rung = await self._ring(range(_WARM_UP, _LINES))
                await until(server, _LINES)
        return sorted((server.accepted[number] - at) * 1000 for number, at in rung.items())

    def _set_lines(self) -> None:
        """As people ask for them by the bot; until the ghost holds all."""
        with Emitter(self._settings) as tape, connect(self._url) as connection:
            for number in range(_LINES):
                with connection.transaction():
                    wanted = free_line(_SYMBOL, _line(number), _asker(number, self._began))
                    record(connection, Committing(connection, tape, ROOM), [wanted], number, self._began)
            while emit_committed(connection, tape, ROOM):
                pass
            eventually(lambda: _count(connection) == _LINES, 60)

    async def _ring(self, numbers: range) -> dict[int, float]:
        """Bars at a steady rate, each as high as the next line; when each was put on the tape."""
        rung: dict[int, float] = {}
        began = time.monotonic()
        for place, number in enumerate(numbers):
            await asyncio.sleep(max(0.0, place / RATE - (time.monotonic() - began)))
            rung[number] = time.monotonic()
            self._redis.xadd(stream_key(_STREAM, 0), {"event": "market_candle", "data": self._bar(number)})
        return rung

    def _bar(self, number: int) -> bytes:
        fields = {
            "symbol": _SYMBOL,
            "interval": "1s",
            "timestamp": max(datetime.now(UTC), self._began + timedelta(seconds=number + 1)),
            **dict.fromkeys(("open", "high", "low", "close"), 1_000 + number),
            "volume": 1,
        }
        return msgspec.json.encode(fields)


def _line(number: int) -> PlanLine:
    return PlanLine(f"b_{number}", Decimal(1_000 + number), "above")


def _asker(number: int, at: datetime) -> Asker:
    chat = str(1_000 + number % CHATS)
    return Asker(7, "bench", chat, chat, None, number, at)


def _count(connection: Any) -> int:
    row = connection.execute("SELECT count(*) FROM ghost_lines WHERE status = 'set'").fetchone()
    return int(row[0])
