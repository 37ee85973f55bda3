"""Price lines: each rings once, at the first bar that reaches it."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct

from ghost.model.changes import Direction


class Line(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A price to be told of. It sees only bars that begin at or after `set_us`; expires_us: None for never."""

    line_id: str
    symbol: str
    price: Decimal
    direction: Direction
    set_us: int
    expires_us: int | None = None
