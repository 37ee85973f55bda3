"""What became of an order, as changes with their numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from ghost.model.changes import Cancelled, Closed, Exited, Expired, Filled, Funded, OrderChange, WorldName
from ghost.model.exact import ONE, minus, told
from ghost.model.reckoning import entry_fee, exit_fee, result_of
from ghost.model.state import Order
from ghost.model.views import signed
from ghost.model.world import World


def filled(order: Order) -> Filled:
    """The entry, just filled."""
    assert order.fill is not None
    assert order.filled_us is not None
    price = signed(order.fill, order.plan.side)
    return Filled(
        order.plan.order_id, order.next_seq(), order.filled_us, price, ONE, told(entry_fee(order), order.risk)
    )


def exits(order: Order, before: World, after: World, name: WorldName, skip: int = 0) -> list[OrderChange]:
    """What was closed in a world, from its exit number `skip` of those that are new."""
    first = len(before.exits) + skip
    rest = ONE
    changes: list[OrderChange] = []
    for place, left in enumerate(after.exits):
        rest = minus(rest, left.fraction)
        if place >= first:
            price, fee = signed(left.price, order.plan.side), told(exit_fee(order, left), order.risk)
            head = order.plan.order_id, order.next_seq(), left.at_us
            changes.append(Exited(*head, price, left.fraction, fee, name, left.kind, rest))
    return changes


def funded(order: Order, at_us: int, amount: Decimal, name: WorldName) -> Funded:
    """What was paid in a world."""
    return Funded(order.plan.order_id, order.next_seq(), at_us, name, told(amount, order.risk))


def closed(order: Order, at_us: int) -> Closed:
    """The last of it was closed: it has ended."""
    order.status, order.ended_us = "closed", at_us
    return Closed(order.plan.order_id, order.next_seq(), at_us, result_of(order))


def expired(order: Order) -> Expired:
    """It was not filled in its time: it has ended."""
    at_us = order.plan.expires_us
    order.status, order.ended_us = "expired", at_us
    return Expired(order.plan.order_id, order.next_seq(), at_us, result_of(order))


def cancelled(order: Order, at_us: int, reason: Literal["asked", "beyond_stop"]) -> Cancelled:
    """It was taken back: it has ended."""
    order.status, order.ended_us = "cancelled", at_us
    return Cancelled(order.plan.order_id, order.next_seq(), at_us, reason, result_of(order))
