"""What a record on the tape says about which symbols are needed. Pure: bytes in, demand changed.

A signal needs its symbol until it expires; an order to a ghost or an alert line until it is known to be over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from market.demand import Demand
from market.units import MINUTE_US, SECOND_US
from signaltape.clock import as_aware

#: Statuses of an order after which nothing comes of it any more.
_OVER = frozenset(("closed", "expired", "cancelled", "canceled", "refused", "rejected"))


class _Said(Struct, rename="camel"):
    """The fields of all these records that matter here, whatever else they hold."""

    symbol: str | None = None
    expiry_minutes: float | None = msgspec.field(default=None, name="expiry_minutes")
    ts_published: datetime | float | None = msgspec.field(default=None, name="ts_published")
    timestamp: datetime | float | None = None
    expires_at: datetime | float | None = None
    command: str | None = None
    order_id: str | None = None
    line_id: str | None = None
    client_order_id: str | None = None
    status: str | None = None
    source: str | None = None
    what: str | None = None


_read = msgspec.json.Decoder(_Said).decode


def overhear(demand: Demand, event: bytes, data: bytes, entry_us: int, now_us: int) -> None:
    """One entry of the stream. What cannot be read is somebody else's to complain about."""
    act = _ACTS.get(event)
    if act is None:
        return
    try:
        act(demand, _read(data), entry_us, now_us)
    except (msgspec.DecodeError, ArithmeticError, ValueError, UnicodeDecodeError):
        return


def _published(demand: Demand, said: _Said, entry_us: int, now_us: int) -> None:
    if said.symbol is not None:
        began_us = _us(said.ts_published, entry_us)
        demand.use(said.symbol, began_us + round((said.expiry_minutes or 0) * MINUTE_US), now_us)


def _commanded(demand: Demand, said: _Said, entry_us: int, now_us: int) -> None:
    """Whether it comes to an order is the ghost's to say; until then it needs bars all the same."""
    if said.symbol is not None and said.command in ("place", "set_line"):
        demand.use(said.symbol, _us(said.expires_at, entry_us), now_us)


def _ordered(demand: Demand, said: _Said, entry_us: int, now_us: int) -> None:
    """Only a ghost's: an engine's own orders need no paper."""
    if said.source == "ghost" and said.symbol is not None:
        what = said.order_id or said.client_order_id or ""
        is_over = not _OVER.isdisjoint(((said.status or "").lower(), (said.what or "").lower()))
        _go_on(demand, f"order {what}", said.symbol, is_over=is_over, us=entry_us)


def _lined(demand: Demand, said: _Said, entry_us: int, now_us: int) -> None:
    if said.line_id is not None and (said.symbol is not None or said.what != "set"):
        _go_on(demand, f"line {said.line_id}", said.symbol or "", is_over=said.what != "set", us=entry_us)


def _go_on(demand: Demand, what: str, symbol: str, *, is_over: bool, us: int) -> None:
    if is_over:
        demand.end(what, us)
    else:
        demand.begin(what, symbol, us)


def _us(moment: Any, default_us: int) -> int:
    """ISO text or milliseconds since 1970."""
    if isinstance(moment, datetime):
        return round(as_aware(moment).timestamp() * SECOND_US)
    return default_us if moment is None else round(moment * 1_000)


_ACTS: dict[bytes, Callable[[Demand, _Said, int, int], None]] = {
    b"signal_published": _published,
    b"order_command": _commanded,
    b"order_log": _ordered,
    b"price_line": _lined,
}
