"""What is put into the stream for the archive: all kinds, of several days, with odd names, again, otherwise, wrong."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

import msgspec

from replay.archive.layout import safe_name
from signaltape.contract.codec import NAMESPACE

_WIB = timezone(timedelta(hours=7))
_FOLDERS = {
    "state_event": "events",
    "trade_log": "trades_log",
    "order_log": "orders",
    "alert": "desk",
    "measurement": "measures",
}
_GROUPS = {**_FOLDERS, "trade_log": "trades"}
SYMBOLS = (
    "SOL-USDT",
    "BTC-USDT",
    "../../etc/passwd",
    "..",
    ".hidden",
    "a/b",
    "🚀",
    "day-2026-01-05",
    "x.jsonl",
    "L" * 128,
)

#: The least that each kind needs.
_RECORDS: dict[str, dict[str, Any]] = {
    "state_event": {"eventType": "SCORING_UPDATE"},
    "trade_log": {
        "side": "LONG",
        "entryPrice": 222.1,
        "closePrice": 224.0,
        "qty": 3,
        "realizedPnl": 5.5,
        "mode": "SIM",
    },
    "order_log": {
        "clientOrderId": "c-1",
        "side": "BUY",
        "type": "LIMIT",
        "qty": 3,
        "status": "NEW",
        "mode": "SIM",
    },
    "risk_snapshot": {"account": {"equity": 1000}},
    "regime_snapshot": {"regime": "TREND"},
    "market_trade": {"price": 222.1, "qty": 0.5, "side": "BUY"},
    "market_candle": {"interval": "1m", "open": 222, "high": 223, "low": 221, "close": 222, "volume": 12},
    "alert": {"category": "sniper", "lines": ["swept the low"]},
    "measurement": {
        "kind": "ws",
        "name": "orderflow",
        "figure": "rtt_ms",
        "unit": "ms",
        "since": 1767600000000,
        "count": 1,
        **dict.fromkeys(("sum", "min", "max", "last"), 38.5),
        "histogram": "1:.QRA",
    },
}
KINDS = tuple(_RECORDS)
_EVENTS: dict[str, dict[str, Any]] = {
    "signal_published": {
        "confluence_score": 0.82,
        "rr": 1.9,
        "scenarios": {"primary": {"side": "long"}},
        "expiry_minutes": 30,
        "rules_version": "1",
    },
    "signal_triggered": {"entry_fill": 222.1, "time_to_trigger_ms": 4},
    "signal_closed": {"rr_realized": 1.65, "exit_reason": "tp", "time_in_trade_ms": 900_000},
}
#: How many days ago; None: now, as Redis says it.
_DAYS = (None, 0, 0, 0, 1, 2, 3, 5, -1)
#: Keys of the archive's own, escapes, blanks, other scripts.
_ODD: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"_id": "own"},
    {"_payload": {"_ts": 1}},
    {"note": 'a "quoted"\n\tline \\ back'},
    {"note": "テスト 🚀"},
    {"deep": [[{"_event": [1]}], None, True]},
)


class Line(NamedTuple):
    """A line that the archive is to hold."""

    line_id: str
    event: str
    group: str
    path: str
    ts: str
    payload: Any

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.ts)


class Given(NamedTuple):
    """An entry to be put into the stream.

    own_id, when: None if the entry's own id and time count. good: it becomes a line.
    """

    event: str
    own_id: str | None
    symbol: str | None
    when: datetime | None
    payload: bytes
    more: tuple[bytes, ...] = ()
    good: bool = True

    @property
    def fields(self) -> list[bytes]:
        """As it stands in the stream."""
        return [b"event", self.event.encode(), b"data", self.payload, *self.more]

    def line(self, key: str, entry_id: str) -> Line:
        """The line that comes of it, put there under an id."""
        when = self.when
        if when is None:
            when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(entry_id.partition("-")[0]))
        line_id = self.own_id or str(uuid.uuid5(uuid.UUID(str(NAMESPACE)), f"{key}:{entry_id}"))
        ts = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        group, path = place_of(self.event, self.symbol, when)
        return Line(line_id, self.event, group, path, ts, json.loads(self.payload))


def place_of(event: str, symbol: str | None, when: datetime) -> tuple[str, str]:
    """Group and plain file of a line, below `data/`."""
    day = f"day-{when.astimezone(_WIB).date()}.jsonl"
    if event == "state_event":
        return "events", f"events/{safe_name(symbol or '')}.jsonl"
    if event.startswith("market_"):
        return "market", f"market/{safe_name(symbol or '')}/{day}"
    if event.endswith("_snapshot"):
        return "snapshots", f"system/history/{day}"
    return _GROUPS.get(event, "signals"), f"{_FOLDERS.get(event, 'signals')}/{day}"


class Maker:
    """Makes entries by chance.

    chance: draws; number: of the last one before, each has its own.
    """

    def __init__(self, chance: Random, number: int = 0) -> None:
        self._chance = chance
        self._number = number
        self._given: list[Given] = []
        # a stream is not always of the same kind: few files grow long, many come again, or none
        self._kinds = chance.sample(sorted(_RECORDS), chance.choice((1, 2, 4, len(_RECORDS))))
        self._symbols = chance.sample(SYMBOLS, chance.choice((1, 3, len(SYMBOLS))))
        self._days = chance.choice((_DAYS, _DAYS, (0,), (0, 1), (2, 3, 5)))
        self._late_s = chance.choice((0, 0, 3600))  # some engines say at once what is
        self._again, self._contrary = chance.choice((0.04, 0.12, 0.4)), chance.choice((0.02, 0.06, 0.2))
        self._at_once, self._is_new = chance.choice((0.0, 0.5)), False
        self._wrongs, self._events = chance.choice((0.0, 0.08)), chance.choice((0.0, 0.2))

    def next(self, now: datetime, *, contradicts: bool = False) -> Given:
        """One more entry. contradicts: preferably one that says something else of what was."""
        chance = self._chance
        if self._given and contradicts:
            return self._contradiction(now, self._given[-5:])
        if self._is_new and chance.random() < self._at_once:
            self._is_new = False
            return self._contradiction(now, self._given[-1:])
        dice = chance.random()
        if self._given and dice < self._again:
            return chance.choice(chance.choice((self._given, self._given[-20:])))
        if self._given and dice < self._again + self._contrary:
            return self._contradiction(now, chance.choice((self._given, self._given[-5:])))
        if chance.random() < self._wrongs:
            return self._wrong(now)
        given = self._event(now) if chance.random() < self._events else self._record(now)
        if given.own_id is not None and given.when is not None:
            self._given.append(given)
            self._is_new = True
        return given

    def record_of(self, event: str, when: datetime, own_id: str | None = None) -> Given:
        """A record of a kind and a time, with an id of its own, or with that of another one."""
        symbol = None if event == "risk_snapshot" else "SOL-USDT"
        return self._make(event, _RECORDS[event], own_id or self._uuid(), symbol, when)

    def _contradiction(self, now: datetime, pool: Sequence[Given]) -> Given:
        """The id of one of those, with other content, and perhaps of another time."""
        old = self._chance.choice(pool)
        if old.event not in _RECORDS or b'"id"' not in old.payload:
            return old
        when = self._chance.choice((old.when, now - timedelta(days=1)))
        return self._make(old.event, _RECORDS[old.event], old.own_id, old.symbol, when)

    def _record(self, now: datetime) -> Given:
        chance = self._chance
        event = chance.choice(self._kinds)
        symbol = chance.choice(self._symbols) if event != "risk_snapshot" else None
        own_id = None if chance.random() < 0.2 else self._uuid()
        given = self._make(event, _RECORDS[event], own_id, symbol, self._time(now))
        if own_id is None and chance.random() < 0.5:  # the entry brings the id
            own_id = self._uuid()
            return given._replace(own_id=own_id, more=(b"id", own_id.encode()))
        return given

    def _event(self, now: datetime) -> Given:
        event, signal_id = self._chance.choice(sorted(_EVENTS)), self._uuid()
        own_id = str(uuid.uuid5(uuid.UUID(str(NAMESPACE)), f"{signal_id}:{event}"))
        given = self._make(
            event, _EVENTS[event] | {"signal_id": signal_id}, None, "SOL-USDT-SWAP", self._time(now)
        )
        return given._replace(own_id=own_id)

    def _wrong(self, now: datetime) -> Given:
        """What no reader takes: it is left to the dead letters."""
        given = self._make("order_log", _RECORDS["order_log"], self._uuid(), "SOL-USDT", now)
        kind = self._chance.randrange(5)
        if kind == 0:
            return given._replace(good=False, payload=given.payload[:-3])
        if kind == 1:
            return given._replace(good=False, event="no_such_event")
        if kind == 2:
            return given._replace(good=False, more=(b"replay", b"session-1"))
        if kind == 3:
            return given._replace(good=False, more=(b"v", b"9"))
        return given._replace(good=False, payload=given.payload.replace(b'"BUY"', b'"HOLD"'))

    def _time(self, now: datetime) -> datetime | None:
        days = self._chance.choice(self._days)
        if days is None:
            return None
        if not self._late_s:
            return now + timedelta(milliseconds=self._number, days=-days)
        when = now - timedelta(days=days, seconds=self._chance.randrange(self._late_s))
        if self._chance.random() < 0.2:  # about midnight in Jakarta
            when = when.replace(hour=16 + self._chance.randrange(2), minute=59, second=59)
        return when.replace(microsecond=self._chance.randrange(1000) * 1000)

    def _make(
        self,
        event: str,
        fields: dict[str, Any],
        own_id: str | None,
        symbol: str | None,
        when: datetime | None,
    ) -> Given:
        chance = self._chance
        self._number += 1
        data: dict[str, Any] = {"token": self._number, **fields, **chance.choice(_ODD)}
        if own_id is not None:
            data["id"] = own_id
        if symbol is not None:
            data["symbol"] = symbol
        if when is not None:
            texts = (
                when.isoformat(),
                int(when.timestamp() * 1000),
                when.astimezone(_WIB).replace(tzinfo=None).isoformat(),
            )
            data["ts" if event in _EVENTS else "timestamp"] = chance.choice(texts)
        payload = msgspec.json.encode(data)
        if chance.random() < 0.1:
            payload = msgspec.json.format(payload, indent=2)
        elif chance.random() < 0.05:
            payload = b"{ " + payload[1:]
        return Given(event, own_id, symbol, when, payload)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
