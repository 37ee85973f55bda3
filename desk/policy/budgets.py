"""Budgets: at most so many alerts in any window of a length, for several windows at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from signaltape.errors import SettingsError

#: The budget of each coin, whatever the category.
COIN = "coin"
_WINDOW = re.compile(r"([1-9][0-9]{0,3})/([1-9][0-9]{0,3})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=7)
_MOST_WINDOWS = 4


class Window(Struct, frozen=True):
    """At most `most` alerts in any stretch of time of `length`."""

    most: int
    length: timedelta

    def __str__(self) -> str:
        return f"{self.most}/{shown_length(self.length)}"


#: What is limited (a category, or `coin`), and by which windows.
Budgets = Mapping[str, tuple[Window, ...]]
#: What holds where nothing else is set.
DEFAULT = "institutional=1/5m;sniper=1/3m;coin=1/5m"


def parse_windows(text: str) -> tuple[Window, ...]:
    """Windows of their text form, such as `1/5m,6/1h`. Raises SettingsError."""
    windows = tuple(_window(one.strip()) for one in text.split(","))
    if len(windows) > _MOST_WINDOWS:
        raise SettingsError(f"at most {_MOST_WINDOWS} windows are possible, got {text!r}")
    return windows


def _window(text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    length = timedelta(**{_UNITS[found[3]]: int(found[2])}) if found else timedelta()
    if found is None or length > _LONGEST:
        raise SettingsError(f"a budget must be such as 1/5m or 6/1h, of at most 7 days, got {text!r}")
    return Window(int(found[1]), length)


def shown_length(length: timedelta) -> str:
    """`5m`, `1h`, `90s`: the largest unit that it is whole in."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def used_up(windows: Sequence[Window], sent: Iterable[datetime], now: datetime) -> Window | None:
    """The first window that one more at `now` would overfill; None if there is room.

    sent: when others were, in any order, also after `now` (a clock that was set back): any stretch of the window's
    length that would hold `now` is looked at.
    """
    times = list(sent)
    return next((window for window in windows if _overfills(window, times, now)), None)


def _overfills(window: Window, times: Sequence[datetime], now: datetime) -> bool:
    near = sorted(one for one in (*times, now) if abs(one - now) < window.length)
    begins = (one for one in near if one <= now)
    return any(sum(begin <= one < begin + window.length for one in near) > window.most for begin in begins)


def free_at(window: Window, sent: Iterable[datetime], now: datetime) -> datetime:
    """When a window has room again, if nothing else is sent meanwhile: `now`, if it has."""
    times = [one for one in sent if abs(one - now) < window.length]
    ends = sorted({one + window.length for one in times if one + window.length > now})
    return next((at for at in (now, *ends) if not _overfills(window, times, at)), now)


def longest(budgets: Budgets) -> timedelta:
    """How far back what was sent matters."""
    return max((one.length for windows in budgets.values() for one in windows), default=timedelta())
