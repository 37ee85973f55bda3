"""The time that an event brings: ISO 8601 text or milliseconds since 1970, as JavaScript's `Date.now()` says them.

It is cut to microseconds, not rounded: what happened in the last moment of a week belongs to it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from signaltape.clock import FIRST_YEAR, LAST_YEAR
from signaltape.errors import InvalidEvent
from signaltape.showing import show

#: Postgres knows no zone that is 16 hours or more from UTC; the farthest in use are UTC-12 and UTC+14.
MAX_OFFSET = timedelta(hours=16)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = int(datetime(LAST_YEAR, 12, 31, tzinfo=UTC).timestamp() * 1000)
_MINUTE = timedelta(minutes=1)
_NO_TIME = timedelta(0)
#: Without these no time was rounded into the next second.
NINES = b".999999"
_ROUNDED_UP = re.compile(r"\.9{6}[5-9]")
_MICROSECOND = timedelta(microseconds=1)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def moment_of(field: str, given: datetime | float) -> datetime:
    """A time as sent, as a datetime; one without a zone stays without.

    Raises InvalidEvent outside of the years 1970 to 2199, and for a zone that Postgres does not know.
    """
    if not isinstance(given, datetime):
        return _from_ms(field, given)
    if not FIRST_YEAR <= given.year <= LAST_YEAR:
        raise InvalidEvent(
            f"{field} must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {given.isoformat()}"
        )
    if given.tzinfo is not UTC and is_far_from_utc(given):
        raise InvalidEvent(f"{field} must be less than 16 hours from UTC, got {given.isoformat()}")
    return given


def is_far_from_utc(moment: datetime) -> bool:
    """Whether its zone is one that Postgres does not know."""
    offset = moment.utcoffset()
    return offset is not None and not -MAX_OFFSET < offset < MAX_OFFSET


def _from_ms(field: str, given: float) -> datetime:
    if not 0 <= given <= _LAST_MS:
        raise InvalidEvent(f"{field} must be milliseconds since 1970, got {given}")
    whole, part = divmod(given, 1)  # exact, unlike given * 1000
    return _EPOCH + timedelta(milliseconds=int(whole), microseconds=min(round(part * 1000), 999))


def refuse_broken_minutes(field: str, given: Any) -> None:
    """Raise InvalidEvent for a datetime whose UTC offset is no whole minute: ISO 8601 cannot say it.

    It comes from a zone's time before there were zones (`pytz` used as tzinfo: Jakarta is then UTC+7:07:12).
    """
    if isinstance(given, datetime):
        offset = given.utcoffset()
        if offset is not None and offset % _MINUTE != _NO_TIME:
            raise InvalidEvent(f"{field} must be a whole number of minutes from UTC, got {show(given)}")


def cut(moment: datetime, data: bytes, *names: str) -> datetime:
    """The time of an event, which msgspec read from `data` and rounded to microseconds.

    names: of the fields that may hold it; the first one that does counts. Only a time that was rounded into the next
    second is set back: elsewhere it cannot change what the event belongs to.
    """
    if moment.microsecond or NINES not in data:
        return moment
    fields = _fields(data)
    for name in names:
        sent = bytes(fields.get(name, b"null"))
        if sent != b"null":
            return moment - _MICROSECOND if sent[:1] == b'"' and _ROUNDED_UP.search(sent.decode()) else moment
    return moment
