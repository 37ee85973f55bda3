"""Bars through 1,000 open orders, from a real stream into real tables; from a bar to the line that it rings; memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import redis

from consumer.tape_order import TapeReader
from deploy.embedded.servers import Urls
from ghost.runner import Runner
from ghost.settings import GhostSettings
from signaltape import Emitter, Secret, Settings
from signaltape.redis_client import redis_url
from signaltape.stream import GHOST_GROUP, stream_key
from sink.db import connect
from tests.bench.drain import database
from tests.bench.figures import Figures
from tests.bench.ghost_tape import START, SYMBOLS, GhostTape
from tests.bench.web_process import environment
from tests.support.waiting import eventually

ORDERS = 1_000
BARS, ROUNDS = 100_000, 3
#: Lines that ring, one each 50 ms.
LINES, EVERY_S = 300, 0.05
#: Memory is looked at behind the first part and behind all.
FLAT_BARS, PARTS = 1_000_000, 10
_OF_LINES = "LINE-USDT-SWAP"


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure all three."""
    walls, cores = _rates(urls, home)
    p50, p99, worst = _delays(urls, home)
    first, last = _memory(urls, home)
    figures.raw["ghost"] = {
        "bars_per_s": walls,
        "bars_per_cpu_s": cores,
        "line_ms": {"p50": p50, "p99": p99, "worst": worst},
        "memory_mib": {"first": first, "last": last},
    }
    figures.ratios |= {
        "ghost_bars_per_s": sorted(walls)[len(walls) // 2],
        "ghost_line_p99_ms": p99,
        "ghost_memory_1m_vs_100k": last / first,
    }
    figures.console.print(
        f"{ORDERS:,} open orders: {max(walls):,.0f} bars/s at best, {max(cores):,.0f} for each second of its core; "
        f"bar to rung line on the tape: p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {worst:.0f} ms; "
        f"memory after {FLAT_BARS // PARTS:,} bars {first:.0f} MiB, after {FLAT_BARS:,} {last:.0f} MiB",
        highlight=False,
    )


def _rates(urls: Urls, home: Path) -> tuple[list[float], list[float]]:
    """Bars a second by the clock, and by the second that its process computed."""
    bench = _Bench(urls, home, "ghost_rate")
    bench.tape.place(ORDERS)
    bench.tape.fill(len(SYMBOLS))
    walls, cores = [], []
    with Emitter(bench.settings, control=False) as emitter:
        bench.follow(emitter)
        for _ in range(ROUNDS):
            bench.tape.fill(BARS)
            began, computed = time.perf_counter(), time.process_time()
            assert bench.follow(emitter) == ORDERS
            walls.append(BARS / (time.perf_counter() - began))
            cores.append(BARS / (time.process_time() - computed))
    bench.forget()
    return walls, cores


def _delays(urls: Urls, home: Path) -> tuple[float, float, float]:
    """From a bar's entry to that of the line it rings, as who reads the stream sees both; in ms."""
    bench = _Bench(urls, home, "ghost_lines")
    bench.tape.place(ORDERS)
    for number in range(LINES):
        bench.set_line(number)
    with bench.running():
        bench.await_end()
        delays = sorted(bench.ring(number) for number in range(LINES))
    bench.forget()
    return delays[LINES // 2], delays[int(LINES * 0.99)], delays[-1]


def _memory(urls: Urls, home: Path) -> tuple[float, float]:
    """MiB behind the first part of the bars, and behind all."""
    bench = _Bench(urls, home, "ghost_memory")
    bench.tape.place(ORDERS)
    found = []
    with bench.running() as pid:
        for _ in range(PARTS):
            bench.tape.fill(FLAT_BARS // PARTS)
            bench.await_end()
            found.append(_resident_mib(pid))
            bench.forget()
    return found[0], found[-1]


class _Bench:
    """A stream and a database of one measurement."""

    def __init__(self, urls: Urls, home: Path, name: str) -> None:
        self.client: Any = redis.Redis.from_url(urls.redis, protocol=2)
        self._database = database(urls, name)
        told = environment(urls, self._database, home / name, name)
        self._environment = {**os.environ, **told, "FEATURE_EVENT_LOGGING": "true"}
        self.settings = Settings(
            feature_event_logging=True,
            home=home / name,
            stream=name,
            redis_url=Secret(urls.redis),
            database_url=self._database,
        )
        self._key = stream_key(name, 0)
        self.tape = GhostTape(self.client, self._key)

    def follow(self, emitter: Emitter) -> int:
        """To the tape's end, in this process. How many orders are open."""
        settings, stop = GhostSettings(common=self.settings), threading.Event()
        return Runner(settings, self._database, self._reader, emitter, stop, once=True).run().open_orders

    @contextmanager
    def running(self) -> Iterator[int]:
        """A ghost in a process of its own; its pid."""
        process = subprocess.Popen([sys.executable, "-m", "ghost"], env=self._environment)
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)

    def await_end(self) -> None:
        """Until all that is on the tape now is committed."""
        last = self.client.xinfo_stream(self._key)["last-generated-id"].decode()
        with connect(self._database) as connection:
            eventually(lambda: _position(connection) >= _parts(last), 300)

    def set_line(self, number: int) -> None:
        """The n-th line, a little higher than the one before."""
        fields = {
            "command": "set_line",
            "by": "bench",
            "via": "telegram",
            "lineId": f"l-{number}",
            "symbol": _OF_LINES,
            "price": 1_000 + number,
            "direction": "above",
            "timestamp": START,
        }
        self.client.xadd(self._key, {"event": "order_command", "data": msgspec.json.encode(fields)})

    def ring(self, number: int) -> float:
        """Put the bar that reaches the n-th line on the tape; milliseconds until it has rung there."""
        price = 1_000 + number
        fields = {
            "symbol": _OF_LINES,
            "interval": "1s",
            "timestamp": START + timedelta(seconds=number + 1),
            **dict.fromkeys(("open", "high", "low", "close"), price),
            "volume": 1,
        }
        began = time.monotonic()
        after = self.client.xadd(self._key, {"event": "market_candle", "data": msgspec.json.encode(fields)})
        while True:
            for entry_id, entry in self.client.xread({self._key: after}, block=5_000)[0][1]:
                after = entry_id
                if entry[b"event"] == b"price_line" and b'"rung"' in entry[b"data"]:
                    delay_ms = (time.monotonic() - began) * 1000
                    time.sleep(EVERY_S)  # this is what makes it a rate
                    return delay_ms

    def _reader(self) -> TapeReader:
        return TapeReader(redis_url(self.settings), [self._key], GHOST_GROUP)

    def forget(self) -> None:
        """Nothing of the tape is needed any more."""
        self.client.xtrim(self._key, maxlen=0, approximate=False)


def _position(connection: Any) -> tuple[int, ...]:
    row = connection.execute("SELECT entry_id FROM ghost_position").fetchone()
    return _parts(row[0]) if row else (0, 0)


def _parts(entry_id: str) -> tuple[int, ...]:
    return tuple(map(int, entry_id.split("-")))


def _resident_mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
