"""What was held back in a chat, or may not have come, in one silent line. Pure.

`Held back 5 since 14:00: budget 3, min RR 2 · may not have come 1 · /held`
"""

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
#: In the place of a reason: it was sent without an answer.
IN_DOUBT = "in_doubt"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Reasons as they are said; others are said as they are stored.
_SAID = {"min_rr": "min RR", "not_sent": "not sent", "no_chat": "no chat"}


class Held(NamedTuple):
    """How many alerts were held for a reason (or are in doubt), and since when."""

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
    surely = [one for one in held if one.reason != IN_DOUBT]
    doubted = [one for one in held if one.reason == IN_DOUBT]
    text = TextBuilder()
    if surely:
        reasons = ", ".join(f"{_SAID.get(one.reason, one.reason)} {one.alerts}" for one in surely)
        text.add(f"Held back {_how_many(surely, now)}", "bold").add(f": {reasons} · ")
    if doubted and surely:
        text.add(f"may not have come {doubted[0].alerts} · ")
    elif doubted:
        text.add(f"May not have come {_how_many(doubted, now)}", "bold").add(" · ")
    return text.add("/held").build()


def _how_many(held: Sequence[Held], now: datetime) -> str:
    return f"{sum(one.alerts for one in held)} since {_since(min(one.since for one in held), now)}"


def _since(moment: datetime, now: datetime) -> str:
    """`14:00` today, with its day before that; WIB."""
    local = moment.astimezone(WIB)
    return local.strftime("%H:%M" if local.date() == now.astimezone(WIB).date() else "%a %d %b %H:%M")
