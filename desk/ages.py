"""How old something is, as a question says it: `/panic from 14:02 WIB (2 h ago)`. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from outbox.wording import duration
from signaltape.clock import WIB

_A_DAY = timedelta(days=1)


def clock_time(moment: datetime) -> str:
    """`14:02 WIB`."""
    return f"{moment.astimezone(WIB):%H:%M} WIB"


def since(moment: datetime, now: datetime) -> str:
    """`14:02 WIB (2 h 05 ago)`; with its day, if that was another one."""
    local = moment.astimezone(WIB)
    day = "" if local.date() == now.astimezone(WIB).date() else f"{local:%a} {local.day} {local:%b} "
    return f"{day}{clock_time(moment)} ({ago(moment, now)})"


def ago(moment: datetime, now: datetime) -> str:
    """`2 h 05 ago`."""
    return f"{duration(int(max(now - moment, timedelta()).total_seconds() * 1000))} ago"
