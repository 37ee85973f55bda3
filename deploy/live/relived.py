"""January as if it were now: the same calls under ids of their own, with times and waits of another clock. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from deploy.live.happenings import Call

_WEEK = timedelta(days=7)
_IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "live.demo.signaltape")


def shift_of(now: datetime, end: datetime) -> timedelta:
    """Whole weeks between the market and now, so that now falls into the last week before `end` of the market.

    Whole weeks: what happened on a Tuesday at nine happens on a Tuesday at nine.
    """
    return -((end - now) // _WEEK) * _WEEK


def renamed(call: Call, label: str) -> dict[str, Any]:
    """The fields of a call under ids that no other January has. label: of this one."""
    if call.signal is None:
        return dict(call.fields)
    own = str(uuid.uuid5(_IDS, f"{label}:{call.signal}"))
    return {name: _named(value, call.signal, own) for name, value in call.fields.items()}


def identified(fields: Mapping[str, Any], label: str, minute: datetime, number: int) -> dict[str, Any]:
    """The fields of a record with an id that is the same whenever it is recorded. number: within its minute."""
    return {**fields, "id": str(uuid.uuid5(_IDS, f"{label}:{minute.isoformat()}:{number}"))}


def hurried(fields: Mapping[str, Any], speed: float) -> dict[str, Any]:
    """The fields of a plan as it is where the market's clock goes `speed` times as fast."""
    if "expiry_minutes" not in fields:
        return dict(fields)
    return {**fields, "expiry_minutes": max(1, round(fields["expiry_minutes"] / speed))}


def _named(value: Any, before: str, after: str) -> Any:
    """A value in which a signal has another id."""
    if isinstance(value, str):
        return value.replace(before, after)
    return (
        {name: _named(one, before, after) for name, one in value.items()}
        if isinstance(value, dict)
        else value
    )
