"""Bars, plans and commands on a tape, and a ghost that follows it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, LiteralString

import msgspec

from consumer.tape_order import TapeReader
from ghost.operations.showing import digest
from ghost.runner import MOST, Counted, Runner
from ghost.settings import GhostSettings
from signaltape import Emitter, Settings
from signaltape.redis_client import redis_url
from signaltape.stream import GHOST_GROUP, route, stream_key, stream_keys
from sink.db import Connection, database_url, rows_as_dicts
from tests.support.samples import new_id
from tests.support.waiting import at_work

SOL, BTC = "SOL-USDT-SWAP", "BTC-USDT-SWAP"
#: Long ago, so that no bar is ahead of its entry.
START = datetime(2026, 1, 17, 2, 0, tzinfo=UTC)


#: Of all tables, every byte of each row.
ALL_ROWS: tuple[LiteralString, ...] = (
    "SELECT 'order ' || o::text FROM ghost_orders o ORDER BY number",
    "SELECT 'fill ' || f::text FROM ghost_fills f ORDER BY order_id, seq",
    "SELECT 'line ' || l::text FROM ghost_lines l ORDER BY number",
    "SELECT 'symbol ' || s::text FROM ghost_symbols s ORDER BY symbol",
)


def at(seconds: float) -> datetime:
    """A time behind the start."""
    return START + timedelta(seconds=seconds)


class Tape:
    """A tape that a test writes by hand: partitions as the shipper chooses them."""

    def __init__(self, client: Any, stream: str, partitions: int = 1) -> None:
        self._client, self._stream, self._partitions = client, stream, partitions
        self._times = 0

    def put(self, event: str, fields: dict[str, Any], routed_by: str) -> str:
        """One entry; its id."""
        key = stream_key(self._stream, route(routed_by) % self._partitions)
        entry: dict[Any, Any] = {"event": event, "data": msgspec.json.encode(fields)}
        added: bytes = self._client.xadd(key, entry)
        return added.decode()

    def bar(
        self, end_s: float, prices: Sequence[str], *, symbol: str = SOL, interval: str = "1m", **more: Any
    ) -> None:
        """A bar by its end; prices: open, high, low, close."""
        names = ("open", "high", "low", "close")
        fields = {
            "id": new_id(),
            "timestamp": at(end_s),
            "symbol": symbol,
            "interval": interval,
            **dict(zip(names, map(msgspec.Raw, (one.encode() for one in prices)), strict=True)),
            "volume": 1000,
        }
        self.put("market_candle", {**fields, **more}, symbol)

    def plan(self, at_s: float = 0, *, minutes: int = 30, **more: Any) -> str:
        """A plan to buy SOL at 100, stop 98, target 104; its signal's id."""
        fields: dict[str, Any] = {
            "signal_id": new_id(),
            "symbol": SOL,
            "confluence_score": 0.7,
            "rr": 2,
            "scenarios": {"primary": {"side": more.pop("side", "long")}},
            "expiry_minutes": minutes,
            "rules_version": "test",
            "ts_published": at(at_s),
            "entry": 100,
            "sl": 98,
            "tp": 104,
        }
        fields.update(more)
        self.put("signal_published", fields, fields["signal_id"])
        return str(fields["signal_id"])

    def command(self, command: str, at_s: float, **fields: Any) -> None:
        """A command of a trader."""
        given = {"id": new_id(), "timestamp": at(at_s), "command": command, "by": "dewi", "via": "telegram"}
        self.put("order_command", {**given, **fields}, str(fields.get("symbol", SOL)))


class Ghost:
    """A ghost that is run in this process, up to the tape's end."""

    def __init__(self, settings: Settings, connection: Connection, **more: Any) -> None:
        self.settings = settings
        self._connection = connection
        self._ghost = GhostSettings(common=settings, **{"which": "all", **more})

    def run(self, most: int = MOST) -> Counted:
        """To the end of the tape as it is now."""
        keys = stream_keys(self.settings.stream, self.settings.partitions)

        def reader() -> TapeReader:
            return TapeReader(redis_url(self.settings), keys, GHOST_GROUP)

        with Emitter(self.settings, control=False) as tape:
            stop, database = threading.Event(), database_url(self.settings)
            return Runner(self._ghost, database, reader, tape, stop, once=True, most=most).run()

    @contextmanager
    def beside(self, reader: type[TapeReader] = TapeReader, **more: Any) -> Iterator[Runner]:
        """Another one, at work in a thread until the end. reader: what it looks at the tape by."""
        keys, stop = stream_keys(self.settings.stream, self.settings.partitions), threading.Event()
        make = partial(reader, redis_url(self.settings), keys, GHOST_GROUP)
        with Emitter(self.settings, control=False) as tape:
            runner = Runner(self._ghost, database_url(self.settings), make, tape, stop, **more)
            with at_work(runner.run, stop):
                yield runner

    def orders(self) -> list[dict[str, Any]]:
        """As they are stored."""
        return rows_as_dicts(self._connection, b"SELECT * FROM ghost_orders ORDER BY number")

    def fills(self) -> list[dict[str, Any]]:
        """Likewise."""
        return rows_as_dicts(self._connection, b"SELECT * FROM ghost_fills ORDER BY order_id, seq")

    def lines(self) -> list[dict[str, Any]]:
        """Likewise."""
        return rows_as_dicts(self._connection, b"SELECT * FROM ghost_lines ORDER BY number")

    def digest(self) -> str:
        """Of all of them."""
        return digest(self.settings).sha256

    def rows(self) -> list[str]:
        """Every byte of them, so that a test can say what differs."""
        return [text for query in ALL_ROWS for (text,) in self._connection.execute(query).fetchall()]


def told(client: Any, settings: Settings, *names: str) -> list[dict[str, Any]]:
    """What the tape says under these names, each id once, in order; fails if an id says two things."""
    found: dict[str, dict[str, Any]] = {}
    for key in stream_keys(settings.stream, settings.partitions):
        for _, fields in client.xrange(key):
            name = fields[b"event"].decode()
            if name in names:
                said = msgspec.json.decode(fields[b"data"])
                identity = said.get("id") or f"{name}:{said['signal_id']}"
                assert found.setdefault(identity, said) == said, "the same id says the same"
    return list(found.values())


def walk(tape: Tape, prices: Iterable[str], *, start_s: float = 0, step_s: float = 60, **more: Any) -> None:
    """Bars that do not move, one behind the other."""
    for number, price in enumerate(prices, 1):
        tape.bar(start_s + number * step_s, (price,) * 4, **more)
