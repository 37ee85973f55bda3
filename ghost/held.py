"""What is known of an order and of a line besides what the model follows: whose they are, and where that is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from ghost.model.lines import Line
from ghost.model.plan import Plan

Source = Literal["auto", "clicked", "shell", "web", "track"]


class Whose(Struct, frozen=True, kw_only=True):
    """Who wanted it, in which chat, and what it belongs to."""

    by: str | None = None
    chat_id: str | None = None
    thread_id: int | None = None
    user_id: int | None = None
    signal_id: str | None = None
    ref_id: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked for, as far as it could be understood: of an order that is refused too."""

    order_id: str
    symbol: str
    side: Literal["long", "short"]
    entry_type: Literal["limit", "stop", "market"]
    published_us: int
    expires_us: int
    sl: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    entry: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    risk_usd: Decimal | None = None
    size_pct: Decimal | None = None


class Held(Struct, kw_only=True):
    """An order that has not ended."""

    plan: Plan
    source: Source
    tracked: bool
    whose: Whose
    fill: Decimal | None = None


class HeldLine(Struct, frozen=True, kw_only=True):
    """A line that may still ring. refused: why it never will."""

    line: Line
    whose: Whose
    order_id: str | None = None
    label: str | None = None
    refused: str | None = None


def source_of(via: str) -> Source:
    """How an order came, by the way its command took."""
    sources: dict[str, Source] = {"telegram": "clicked", "shell": "shell", "web": "web"}
    return sources.get(via, "auto")
