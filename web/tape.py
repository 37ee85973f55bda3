"""Entries of the stream as a reader of a page understands them. Pure but for `newest`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from outbox.wording import r_multiple
from signaltape.clock import WIB, from_epoch_ms
from signaltape.contract.events import GHOST_EVENTS
from signaltape.stream import FIELD_DATA, FIELD_EVENT, FIELD_REPLAY, entry_order, entry_time_ms

#: A text in a line is cut to this.
_MOST_TEXT = 80
_MOST_DIGITS = 19
#: So many entries of a partition are looked through for events of signals.
_LOOKED_THROUGH = 500
_SIGNALS = "signal_"
_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")
START = "0-0"


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One event on the tape. event: `published`; facts: what to know of it, in words.

    replay, index: the session that it is replayed from, and its number there; nothing of what is live.
    """

    id: str
    stream: str
    at: datetime
    event: str
    symbol: str
    signal_id: str | None
    facts: str
    #: an event of a signal, not a record
    of_signal: bool
    replay: str = ""
    index: int | None = None

    def has(self, words: str) -> bool:
        """Whether these words are in it, as it is shown."""
        return words.lower() in f"{self.at:%H:%M:%S} {self.symbol} {self.event} {self.facts}".lower()


class Newest(msgspec.Struct, frozen=True):
    """The newest events of signals, newest first, and where the stream goes on behind them."""

    lines: list[Line]
    positions: tuple[str, ...]


async def newest(client: Any, keys: Sequence[str], count: int, wanted: str = "") -> Newest:
    """What the stream held last. client: a redis.asyncio.Redis; wanted: words of a line. Raises redis.RedisError."""
    async with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.xrevrange(key, count=_LOOKED_THROUGH)
        answers = await pipe.execute()
    lines = (line_of(key, *entry) for key, entries in zip(keys, answers, strict=True) for entry in entries)
    signals = (line for line in lines if line.of_signal and line.has(wanted))
    positions = tuple(entries[0][0].decode() if entries else START for entries in answers)
    return Newest(heapq.nlargest(count, signals, key=lambda line: entry_order(line.id)), positions)


def positions_of(text: str, partitions: int) -> tuple[str, ...] | None:
    """Positions in all partitions out of an event's id; None if it is none.

    One id stands for all partitions: ids are times.
    """
    parts = tuple(text.split(","))
    if len(text) > 40 * partitions + 40 or not all(_ID.fullmatch(part) for part in parts):
        return None
    if len(parts) == 1:
        return parts * partitions
    return parts if len(parts) == partitions else None


def line_of(key: str, entry_id: bytes, fields: dict[bytes, bytes]) -> Line:
    """What an entry says; one that cannot be read is shown as what it is."""
    shown = entry_id.decode()
    event = fields.get(FIELD_EVENT, b"?").decode("utf-8", "replace")[:_MOST_TEXT]
    data = _object(fields.get(FIELD_DATA, b""))
    signal_id = data.get("signal_id")
    return Line(
        shown,
        key,
        from_epoch_ms(entry_time_ms(shown)).astimezone(WIB),
        event.replace("_", " ") if event in GHOST_EVENTS else event.removeprefix(_SIGNALS),
        _short(data.get("symbol")),
        signal_id[:_MOST_TEXT] if isinstance(signal_id, str) else None,
        _facts(event, data),
        event.startswith(_SIGNALS) or event in GHOST_EVENTS,
        fields.get(FIELD_REPLAY, b"").decode("utf-8", "replace")[:_MOST_TEXT],
        _number(fields.get(b"index")),
    )


def _object(raw: bytes) -> dict[str, Any]:
    try:
        found = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(event: str, data: dict[str, Any]) -> str:
    names = _FACTS.get(event, ("eventType", "reason", "state", "side", "status"))
    said = (
        form(data[name]) for name, form in ((one, _SAID.get(one, _short)) for one in names) if name in data
    )
    return " · ".join(one for one in said if one)


def _number(text: bytes | None) -> int | None:
    return int(text) if text is not None and text.isdigit() and len(text) < _MOST_DIGITS else None


def _short(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)[:_MOST_TEXT]


def _r(value: Any) -> str:
    try:
        return r_multiple(Decimal(_short(value)))
    except ArithmeticError:  # whatever a foreign producer sent
        return _short(value)


#: Numbers as they were sent.
_DECODER = msgspec.json.Decoder(float_hook=str)
_SAID = {"rr_realized": _r}
_FACTS = {
    "signal_published": ("side", "confluence_score", "setup"),
    "signal_triggered": ("entry_fill",),
    "signal_invalidated": ("reason",),
    "signal_closed": ("exit_reason", "rr_realized"),
    "ghost_triggered": ("entry_fill",),
    "ghost_invalidated": ("reason",),
    "ghost_closed": ("exit_reason", "rr_realized"),
}
