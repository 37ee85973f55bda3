"""Price lines: each rings once, at the first bar that reaches it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from ghost.model.bar import Bar
from ghost.model.changes import Direction, LineExpired, Rung
from ghost.model.seen import Seen
from ghost.model.sights import Sight


class Line(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A price to be told of. It sees only bars that begin at or after `set_us`; expires_us: None for never."""

    line_id: str
    symbol: str
    price: Decimal
    direction: Direction
    set_us: int
    expires_us: int | None = None


def look(line: Line, sight: Sight) -> Rung | LineExpired | None:
    """What a bar makes of a line: it rings at touch; else its time may be over."""
    bar = sight.bar
    above = line.direction == "above"
    seen = bar.high if above else bar.low
    reached = seen >= line.price if above else seen <= line.price
    before_end = line.expires_us is None or bar.begin_us < line.expires_us
    if reached and before_end and bar.begin_us >= line.set_us:
        return Rung(line.line_id, bar.end_us, line.price, line.direction, seen)
    return lapse(line, bar.end_us)


def lived_through(line: Line, past: Iterable[Bar]) -> Rung | LineExpired | None:
    """What bars that came before made of a line. past: of its symbol, in the order of the tape."""
    seen = Seen()
    for bar in past:
        sight = seen.look(bar)
        change = None if sight is None else look(line, sight)
        if change is not None:
            return change
    return None


def lapse(line: Line, at_us: int) -> LineExpired | None:
    """If its time is over."""
    if line.expires_us is None or at_us < line.expires_us:
        return None
    return LineExpired(line.line_id, line.expires_us)
