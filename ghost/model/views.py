"""A market as a long sees it: a short sees all prices with the sign turned, and then every rule is the same.

Prices that were turned are called signed: higher is better for whoever is in, on either side.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ghost.model.bar import Bar
from ghost.model.exact import minus, of_bps, plus
from ghost.model.plan import Side


class View(NamedTuple):
    """The signed prices of a bar that decide."""

    open: Decimal
    high: Decimal
    low: Decimal


def view_of(bar: Bar, side: Side) -> View:
    """The bar as this side sees it."""
    if side == "long":
        return View(bar.open, bar.high, bar.low)
    return View(bar.open.copy_negate(), bar.low.copy_negate(), bar.high.copy_negate())


def signed(price: Decimal, side: Side) -> Decimal:
    """A price as this side sees it; done again, the price."""
    return price if side == "long" else price.copy_negate()


def into(price: Decimal, slippage_bps: Decimal) -> Decimal:
    """What a market order into a position gets: signed, and never better."""
    return plus(price, of_bps(price, slippage_bps)) if slippage_bps else price


def out_of(price: Decimal, slippage_bps: Decimal) -> Decimal:
    """What a market order out of a position gets: signed, and never better."""
    return minus(price, of_bps(price, slippage_bps)) if slippage_bps else price
