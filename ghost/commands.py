"""What somebody wants of the ghosts, as it stands in a record `order_command`, with its numbers as they were sent."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from signaltape.clock import as_aware
from signaltape.contract.moments import moment_of

Moment = datetime | int | float


class Command(Struct, kw_only=True, frozen=True, rename="camel"):
    """The contract has looked at it. at_us: when it was given; entry_ms: when it stood on the tape."""

    command: Literal["place", "cancel", "set_line", "cancel_line"]
    by: str = ""
    via: Literal["auto", "telegram", "shell", "web"] = "auto"
    order_id: str | None = None
    line_id: str | None = None
    symbol: str | None = None
    signal_id: str | None = None
    ref_id: str | None = None
    side: Literal["long", "short"] | None = None
    entry_type: Literal["limit", "stop", "market"] | None = None
    entry: Decimal | None = None
    entry_low: Decimal | None = None
    entry_high: Decimal | None = None
    sl: Decimal | None = None
    tp1: Decimal | None = None
    tp2: Decimal | None = None
    published_at: Moment | None = None
    expires_at: Moment | None = None
    risk_usd: Decimal | None = None
    size_pct: Decimal | None = None
    price: Decimal | None = None
    direction: Literal["above", "below"] | None = None
    label: str | None = None
    user_id: int | None = None
    chat_id: str | None = None
    thread_id: int | None = None


command_of = msgspec.json.Decoder(Command).decode
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def us_of(given: Moment, name: str = "time") -> int:
    """A time as sent, in microseconds since 1970. Raises InvalidEvent for one that no event may have, naming it."""
    return since_epoch_us(as_aware(moment_of(name, given)))


def since_epoch_us(moment: datetime) -> int:
    """A time in microseconds since 1970, exactly."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
