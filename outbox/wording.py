"""How numbers, times (WIB) and R are said, in every message of the desk and on every page. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from signaltape.clock import WIB, utc_now

_MINUS = "−"
_NO_BREAK = "\u00a0"
NOTHING = "-"
_MINUTE_S, _HOUR_S = 60, 3600
_HOURS_OF_DAYS = 48
_LARGEST_R = 1_000_000
_MOST_DIGITS = 24
#: An id is shown with so many signs of its beginning and its end.
_HEAD, _TAIL = 8, 6


def moment(at: datetime | None, now: datetime | None = None) -> str:
    """`14:02:51` today, `Tue 18 Jan 14:02` this year, with the year else; WIB."""
    if at is None:
        return NOTHING
    local, today = at.astimezone(WIB), (now or utc_now()).astimezone(WIB)
    if local.date() == today.date():
        return f"{local:%H:%M:%S}"
    return (
        f"{local:%a} {local.day} {local:%b %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d %H:%M}"
    )


def clock(moment: datetime, now: datetime) -> str:
    """`14:45 WIB` on the day of `now`, else `Tue 18 Jan 14:02 WIB`."""
    local, today = moment.astimezone(WIB), now.astimezone(WIB).date()
    day = "" if local.date() == today else f"{local:%a} {local.day} {local:%b} "
    return f"{day}{local:%H:%M} WIB"


def ago(length: timedelta) -> str:
    """How long something took: `45 s`, `7 min`, `2 h 05 min`, `3 d 4 h`."""
    seconds = max(0, int(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60:02} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def exact(at: datetime | None) -> str:
    """A moment to the millisecond, WIB, for who wants to know exactly."""
    return NOTHING if at is None else f"{at.astimezone(WIB):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " WIB"


def instant(at: datetime) -> str:
    """A time of day to the millisecond, WIB."""
    return f"{at.astimezone(WIB):%H:%M:%S.%f}"[:-3]


def r_multiple(value: Decimal | float | None) -> str:
    """`+1.65 R`, never broken; `-` for none, or for one that is too large to be read."""
    said = gain(value)
    return said if said == NOTHING else f"{said}{_NO_BREAK}R"


def gain(value: Decimal | float | None) -> str:
    """`+12.50`, with a true minus; `-` for none, or for one that is too large to be read."""
    if value is None or not -_LARGEST_R < value < _LARGEST_R:
        return NOTHING
    return f"{value:+.2f}".replace("-", _MINUS)


def unbroken(text: str) -> str:
    """`+0.12 R (−0.05 … +0.30)`, that may break before its bracket only."""
    return text.replace(" ", _NO_BREAK).replace(f"{_NO_BREAK}(", " (").replace("-", _MINUS)


def number(value: Decimal | int | None) -> str:
    """A number as it is stored, without an exponent; one too long to be read in six digits."""
    if value is None:
        return NOTHING
    if isinstance(value, Decimal) and value.adjusted() not in range(-_MOST_DIGITS, _MOST_DIGITS):
        return f"{value:.6g}"
    shown = f"{value:f}" if isinstance(value, Decimal) else f"{value}"
    return shown if len(shown) <= _MOST_DIGITS else f"{value:.6g}"


def grouped(count: int) -> str:
    """A count with its thousands apart: `1,234`."""
    return f"{count:,}"


def signed(count: int) -> str:
    """A difference of counts: `+3`, `−2`, `0`."""
    return f"{count:+,}".replace("-", _MINUS) if count else "0"


def duration(milliseconds: int | None) -> str:
    """`7 min`, `2 h 05`, `12 s`."""
    if milliseconds is None:
        return NOTHING
    seconds = milliseconds // 1000
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        return f"{seconds // 60} min"
    hours, rest = divmod(seconds, _HOUR_S)
    return f"{hours} h {rest // 60:02d}" if hours < _HOURS_OF_DAYS else f"{hours // 24} d {hours % 24} h"


def pace(speed: float | None) -> str:
    """How fast a replay is: `speed 60`."""
    return "as fast as possible" if speed is None else f"speed {speed:g}"


def shortened(text: str) -> str:
    """An id, shortened in the middle: `0198a3c4…9e1b2d`."""
    return text if len(text) <= _HEAD + _TAIL + 3 else f"{text[:_HEAD]}…{text[-_TAIL:]}"


def days(span: tuple[date, date]) -> str:
    """`17–23 Jan 2022`, `31 Jan – 6 Feb 2022`, with both years where they differ."""
    first, last = span
    if first.year != last.year:
        return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"
    same = first.month == last.month
    return f"{first.day}{'–' if same else f' {first:%b} – '}{last.day} {last:%b %Y}"
