"""What was held back in a chat, in one silent line: `Held back 5 since 14:00: budget 3, min RR 2 · /held`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from outbox.text import Text, TextBuilder
from signaltape.clock import WIB

#: A chat gets no more than one within this time.
EVERY = timedelta(minutes=15)
#: A digest that could not be sent says nothing new after this.
USE = timedelta(hours=12)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Reasons as they are said; others are said as they are stored.
_SAID = {"min_rr": "min RR", "not_sent": "not sent", "no_chat": "no chat"}


class Held(NamedTuple):
    """How many alerts were held for a reason, and since when."""

    reason: str
    alerts: int
    since: datetime


def key_of(chat_id: str, now: datetime) -> str:
    """The key of the message that tells a chat now."""
    return f"{_begin(now)}:{chat_id}"


def keys_between(first: datetime, last: datetime) -> tuple[str, str]:
    """Between which two keys those of digests of a span lie."""
    return _begin(first), _begin(last)


def _begin(now: datetime) -> str:
    return f"digest:{(now - _EPOCH) // timedelta(milliseconds=1)}"


def digest(held: Sequence[Held], now: datetime) -> Text:
    """The line. held: by reason, at least one, the most frequent first."""
    reasons = ", ".join(f"{_SAID.get(one.reason, one.reason)} {one.alerts}" for one in held)
    total, since = sum(one.alerts for one in held), min(one.since for one in held)
    head = f"Held back {total} since {_since(since, now)}"
    return TextBuilder().add(head, "bold").add(f": {reasons} · /held").build()


def _since(moment: datetime, now: datetime) -> str:
    """`14:00` today, with its day before that; WIB."""
    local = moment.astimezone(WIB)
    return local.strftime("%H:%M" if local.date() == now.astimezone(WIB).date() else "%a %d %b %H:%M")
