"""Orders page by page, and those of one signal with their fills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ghost.operations.showing import STATUSES, Card, Fill, Order, order_of
from signaltape.settings import Settings
from sink.db import connect, database_url, rows_as_dicts
from sink.plain_errors import plain_errors
from sink.pool import Session, dicts
from sink.queries import load

__all__ = ["STATUSES", "OrderPage", "ghosts_of", "page_of_orders"]

_SQL = load(Path(__file__).parents[1] / "sql" / "paged.sql")
#: A signal is shown with so many orders at most: with its own, and those of a crowd.
MOST_OF_ONE = 20


class OrderPage(Struct, frozen=True):
    """Some orders, newest first. counts: of each state; next_below: of the next page, None at the end."""

    counts: dict[str, int]
    orders: list[Order]
    next_below: int | None


@plain_errors()
def page_of_orders(
    settings: Settings,
    limit: int,
    *,
    below: int | None = None,
    status: str | None = None,
    symbol: str | None = None,
) -> OrderPage:
    """The newest orders below a number, of a state or symbol. Raises OperationError."""
    given = {"below": below, "status": status, "symbol": symbol, "limit": limit + 1}
    with connect(database_url(settings), name="signaltape-ghost-shown") as connection:
        counts: dict[str, int] = dict(connection.execute(_SQL["counts"], {"symbol": symbol}).fetchall())
        orders = [order_of(row) for row in rows_as_dicts(connection, _SQL["page"], given)]
    following = orders[limit - 1].number if len(orders) > limit else None
    return OrderPage(counts, orders[:limit], following)


async def ghosts_of(session: Session, signal_id: str) -> Sequence[Card]:
    """The orders that follow a signal's plan, each with its fills."""
    asked = {"signal_id": signal_id, "limit": MOST_OF_ONE}
    orders = [order_of(row) for row in await dicts(session, _SQL["of_signal"], asked)]
    if not orders:
        return []
    fills: dict[str, list[Fill]] = {one.order_id: [] for one in orders}
    for row in await dicts(session, _SQL["fills_of"], {"order_ids": list(fills)}):
        fills[row.pop("order_id")].append(Fill(**row))
    return [Card(one, fills[one.order_id]) for one in orders]
