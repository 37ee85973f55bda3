"""Asia/Jakarta time (WIB): the one zone that every wall-clock time here is read and shown in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

#: Asia/Jakarta has been UTC+7 without daylight saving since 1964, so a fixed offset is exact
#: and needs no time zone database on the engine's machine.
WIB = timezone(timedelta(hours=7), "WIB")

#: The same zone as Postgres and schedulers name it.
WIB_NAME = "Asia/Jakarta"


def utc_now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def as_aware(moment: datetime) -> datetime:
    """Return `moment` as an aware time; a time without a zone is read as WIB."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=WIB)


#: Times of events lie within these years; anything else is a unit error.
FIRST_YEAR, LAST_YEAR = 1970, 2199
_LAST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp() * 1000)


def from_epoch_ms(milliseconds: int) -> datetime:
    """The aware time of a Redis entry id's left part (milliseconds since 1970, UTC).

    An id that a producer chose itself may lie far beyond any time; it counts as the end of LAST_YEAR.
    """
    return datetime.fromtimestamp(min(milliseconds, _LAST_MS) / 1000, UTC)


def show(moment: datetime) -> str:
    """A time as a trader reads it: `2022-01-17 09:30:00 WIB`."""
    return f"{show_bare(moment)} WIB"


def show_bare(moment: datetime) -> str:
    """The same where the head of a column says WIB: `2022-01-17 09:30:00`."""
    return as_aware(moment).astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S")
