"""Weeks: Monday 00:00 to Monday 00:00, Asia/Jakarta."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from signaltape.clock import FIRST_YEAR, LAST_YEAR, WIB

_ISO_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


class Week(NamedTuple):
    """One week by its Monday."""

    monday: date

    @property
    def since(self) -> datetime:
        """Its first moment, aware."""
        return datetime.combine(self.monday, time.min, WIB)

    @property
    def until(self) -> datetime:
        """The first moment that is no longer in it, aware."""
        return self.since + timedelta(days=7)

    @property
    def report_due(self) -> datetime:
        """When its report is sent: Sunday 23:59 WIB."""
        return self.until - timedelta(minutes=1)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    def earlier(self, weeks: int) -> Week:
        """The week so many weeks before."""
        return Week(self.monday - timedelta(days=7 * weeks))

    @property
    def name(self) -> str:
        """Its ISO name, such as 2022-W03."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02d}"

    @property
    def dates(self) -> str:
        """Its first and last day, such as `2022-01-17 – 2022-01-23`."""
        return f"{self.monday} – {self.sunday}"

    @property
    def days(self) -> str:
        """The same as people say it: `17–23 Jan`, `31 Jan – 6 Feb`."""
        first, last = self.monday, self.sunday
        since = f"{first.day}–" if first.month == last.month else f"{first.day} {first:%b} – "
        return f"{since}{last.day} {last:%b}"


def parse_week(text: str) -> Week:
    """A week from its ISO name (2022-W03). Raises ValueError with a message for the user."""
    match = _ISO_WEEK.fullmatch(text)
    if match is None:
        raise ValueError(f"a week looks like 2022-W03, got {text!r}")
    if not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        raise ValueError(f"a week lies in the years {FIRST_YEAR} to {LAST_YEAR}, got {text}")
    try:
        return Week(date.fromisocalendar(int(match[1]), int(match[2]), 1))
    except ValueError:
        raise ValueError(f"there is no week {text}") from None


def week_of(moment: datetime) -> Week:
    """The week that holds an aware moment."""
    day = moment.astimezone(WIB).date()
    return Week(day - timedelta(days=day.weekday()))


def newest_due(now: datetime) -> Week:
    """The newest week whose report is due at `now`."""
    week = week_of(now)
    return week if now >= week.report_due else Week(week.monday - timedelta(days=7))


def whole_weeks(first: datetime, last: datetime) -> list[Week]:
    """The weeks that lie wholly within two aware moments, in order."""
    week = week_of(first.astimezone(UTC))
    weeks = []
    while week.until <= last:
        if week.since >= first:
            weeks.append(week)
        week = Week(week.monday + timedelta(days=7))
    return weeks
