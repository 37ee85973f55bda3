"""A divergence named in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from replay.comparing.shapes import FieldDifference, What
from signaltape.clock import show

_LONGEST = 60
_write = msgspec.json.Encoder(decimal_format="number").encode


def named(what: What, event: str, symbol: str | None, fields: Sequence[FieldDifference]) -> str:
    """What parts: the event, and of one that differs the first field with both values."""
    name = f"{event} of {symbol}" if symbol else event
    if what == "vanished":
        return f"{name} was recorded and did not come in the replay"
    if what == "appeared":
        return f"{name} came in the replay and was not recorded"
    was, now = map(as_text, fields[0].values)
    return f"{name}: {fields[0].field} was {was}, is {now} in the replay"


def as_text(value: object) -> str:
    """A value of a field, short enough for a line."""
    if isinstance(value, datetime):
        return show(value) if not value.microsecond else value.isoformat()
    if isinstance(value, Decimal):
        text = f"{value}"
    else:
        text = "nothing" if value is None else value if isinstance(value, str) else _write(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
