"""What became of an order, in numbers of 12 digits: rounded once, here, from exact ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Status = Literal["waiting", "open", "closed", "expired", "cancelled"]
ExitReason = Literal["tp", "sl", "manual"]


class Result(Struct, frozen=True, gc=False, omit_defaults=True):
    """Where an order stands, or how it ended.

    rr_realized, fees_r, funding_r, mfe_r, mae_r, pnl_*, exit_reason, exit_price (of all that was closed, on average),
    tp1_hit, tp2_hit: of the worse world, known when the order is closed; rr_best: of the better one (the same, where
    the tape left nothing open).
    fees_r, funding_r: what they cost. pnl_r = rr_realized − fees_r − funding_r; pnl_pct of the fill's price; pnl_usd
    by the plan's risk. pnl_best_r: likewise, of the better world. ended_at_us: of whatever end.
    """

    status: Status
    filled_at_us: int | None = None
    fill_price: Decimal | None = None
    closed_at_us: int | None = None
    ended_at_us: int | None = None
    exit_reason: ExitReason | None = None
    exit_price: Decimal | None = None
    rr_realized: Decimal | None = None
    rr_best: Decimal | None = None
    fees_r: Decimal | None = None
    funding_r: Decimal | None = None
    mfe_r: Decimal | None = None
    mae_r: Decimal | None = None
    pnl_r: Decimal | None = None
    pnl_best_r: Decimal | None = None
    pnl_pct: Decimal | None = None
    pnl_usd: Decimal | None = None
    tp1_hit: bool = False
    tp2_hit: bool = False
    bad_bars: int = 0
    late_bars: int = 0
