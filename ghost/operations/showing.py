"""Orders and lines as they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from signaltape.errors import NotFound
from signaltape.settings import Settings
from sink.db import Connection, connect, database_url, rows_as_dicts
from sink.plain_errors import plain_errors
from sink.queries import load

_SQL = load(Path(__file__).parents[1] / "sql" / "shown.sql")
STATUSES = ("waiting", "open", "closed", "expired", "cancelled", "refused")
OPEN = STATUSES[:2]


class Order(Struct, frozen=True, kw_only=True):
    """One order. Figures of one that is open are those of its last change."""

    number: int
    order_id: str
    signal_id: str | None
    ref_id: str | None
    symbol: str
    side: str
    source: str
    tracked: bool
    by: str | None
    status: str
    reason: str | None
    late: bool
    published_at: datetime
    expires_at: datetime | None
    filled_at: datetime | None
    ended_at: datetime | None
    fill: Decimal | None
    exit_reason: str | None
    rr_realized: Decimal | None
    rr_best: Decimal | None
    fees_r: Decimal | None
    mfe_r: Decimal | None
    mae_r: Decimal | None
    risk_usd: Decimal | None
    pnl_usd: Decimal | None
    pnl_pct: Decimal | None
    bad_bars: int
    late_bars: int
    plan: msgspec.Raw


class Fill(Struct, frozen=True, kw_only=True):
    """A part of an order that was filled, in or out."""

    seq: int
    world: str
    kind: str
    price: Decimal
    fraction: Decimal
    fee_r: Decimal | None
    at: datetime


class Card(Struct, frozen=True):
    """One order with its fills."""

    order: Order
    fills: list[Fill]


class Orders(Struct, frozen=True):
    """The newest orders, and how many there are in each state."""

    counts: dict[str, int]
    orders: list[Order]


class LineShown(Struct, frozen=True, kw_only=True):
    """One line."""

    number: int
    line_id: str
    symbol: str
    price: Decimal
    direction: str
    ref_id: str | None
    order_id: str | None
    label: str | None
    by: str | None
    status: str
    set_at: datetime
    expires_at: datetime | None
    rung_at: datetime | None
    seen: Decimal | None


class Earned(Struct, frozen=True):
    """What closed orders of a source earned (None: all of them): R of the worse and of the better world, costs apart.

    usd: of the `sized` ones among them.
    """

    source: str | None
    closed: int
    won: int
    rr: Decimal
    rr_best: Decimal
    fees_r: Decimal
    usd: Decimal | None
    sized: int


class Digest(Struct, frozen=True):
    """One hash of all orders, fills and lines, and how many orders there are."""

    sha256: str
    orders: int


@plain_errors()
def list_orders(settings: Settings, statuses: Sequence[str] = (), *, limit: int = 50) -> Orders:
    """The newest orders, of some states or of all. Raises OperationError."""
    with _connected(settings) as connection:
        counts = dict(connection.execute(_SQL["counts"]).fetchall())
        found = rows_as_dicts(connection, _SQL["orders"], {"statuses": list(statuses), "limit": limit})
    return Orders(counts, [order_of(row) for row in found])


@plain_errors()
def show_order(settings: Settings, which: str) -> Card:
    """One order, by its id or number. Raises NotFound."""
    with _connected(settings) as connection:
        order = _one(connection, which)
        fills = rows_as_dicts(connection, _SQL["fills"], {"order_id": order.order_id})
    return Card(order, [Fill(**row) for row in fills])


@plain_errors()
def list_lines(settings: Settings, *, everything: bool = False, limit: int = 50) -> list[LineShown]:
    """Lines that may still ring, or all, the newest first. Raises OperationError."""
    with _connected(settings) as connection:
        rows = rows_as_dicts(connection, _SQL["lines"], {"everything": everything, "limit": limit})
    return [LineShown(**row) for row in rows]


@plain_errors()
def show_line(settings: Settings, which: str) -> LineShown:
    """One line, by its id or number. Raises NotFound."""
    with _connected(settings) as connection:
        rows = rows_as_dicts(connection, _SQL["line"], {"which": which})
    if not rows:
        raise NotFound(f"there is no line {which}: see python -m ghost lines")
    return LineShown(**rows[0])


@plain_errors()
def earned(settings: Settings, since: datetime) -> list[Earned]:
    """What orders that were closed since then earned, by source, and altogether at the end. Raises OperationError."""
    with _connected(settings) as connection:
        return [Earned(*row) for row in connection.execute(_SQL["pnl"], {"since": since}).fetchall()]


@plain_errors()
def digest(settings: Settings) -> Digest:
    """A hash that is the same for the same tape, whatever happened on the way. Raises OperationError."""
    hashed, lines = hashlib.sha256(), 0
    with _connected(settings) as connection, connection.transaction(), connection.cursor() as cursor:
        for name in ("digest_orders", "digest_fills", "digest_lines"):
            with cursor.copy(_SQL[name]) as rows:
                for row in rows:
                    hashed.update(row)
                    lines += name == "digest_orders"
            hashed.update(b"\0")
    return Digest(hashed.hexdigest(), lines)


def _one(connection: Connection, which: str) -> Order:
    rows = rows_as_dicts(connection, _SQL["order"], {"which": which})
    if not rows:
        raise NotFound(f"there is no order {which}: see python -m ghost list")
    return order_of(rows[0])


def order_of(row: dict[str, Any]) -> Order:
    """An order out of its row."""
    return Order(**{**row, "plan": msgspec.Raw(row["plan"].encode())})


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    with connect(database_url(settings), name="signaltape-ghost-shown") as connection:
        yield connection
