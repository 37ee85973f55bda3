"""What signals are looked for: filters out of an address, and back into one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import urlencode

from reports.operations.slices import Chosen
from signaltape.clock import WIB
from web.http.problems import Problem

OUTCOMES = ("closed", "won", "lost", "sl", "open", "triggered", "expired")
SIDES = ("long", "short")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(range(24))
#: The longest text that is looked for.
LONGEST = 200


class Filters(NamedTuple):
    """What signals are looked for; None lets all through.

    since, until: WIB days, both included; hour: 0 to 23, weekday: 1 (Monday) to 7, WIB; bin: its number.
    """

    since: date | None = None
    until: date | None = None
    symbol: str | None = None
    side: str | None = None
    setup: str | None = None
    rules: str | None = None
    hour: int | None = None
    weekday: int | None = None
    bin: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    outcome: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """For the queries."""
        return {
            **self._asdict(),
            "since": self.since and datetime.combine(self.since, time.min, WIB),
            "until": self.until and datetime.combine(self.until, time.min, WIB) + timedelta(days=1),
        }

    @property
    def chosen(self) -> Chosen:
        """Those of them that a scorecard knows."""
        return Chosen(*(getattr(self, name) for name in Chosen._fields))

    @property
    def address(self) -> str:
        """The page of these signals."""
        return with_query("/signals", said(self))


def of_chosen(chosen: Chosen) -> Filters:
    """The signals that are chosen, of all times."""
    return Filters(**chosen._asdict())


def said(filters: Filters) -> dict[str, str]:
    """What is given of the filters, as it stands in an address."""
    given = {name: str(value) for name, value in filters._asdict().items() if value is not None}
    if filters.weekday is not None:
        given["weekday"] = WEEKDAYS[filters.weekday - 1]
    return given


def hour_said(hour: int) -> str:
    """`07–08`."""
    return f"{hour:02d}–{hour + 1:02d}"


def with_query(path: str, given: Mapping[str, str]) -> str:
    """An address with a query, if there is anything to ask."""
    return f"{path}?{urlencode(given)}" if given else path


def filters_of(query: Mapping[str, str], bins: Sequence[str]) -> Filters:
    """Read the filters of an address. bins: what each is called. Raises Problem, naming the one that cannot be used."""
    return Filters(
        since=_day(query, "since"),
        until=_day(query, "until"),
        **chosen_of(query)._asdict(),
        bin=_bin(query, bins),
        low=_score(query, "low"),
        high=_score(query, "high"),
        outcome=_one_of(query, "outcome", OUTCOMES),
    )


def chosen_of(query: Mapping[str, str]) -> Chosen:
    """Read what of an address a scorecard knows. Raises Problem, naming the one that cannot be used."""
    weekday = _one_of(query, "weekday", WEEKDAYS)
    return Chosen(
        symbol=_text(query, "symbol"),
        side=_one_of(query, "side", SIDES),
        setup=_text(query, "setup"),
        rules=_text(query, "rules"),
        hour=_hour(query),
        weekday=weekday and WEEKDAYS.index(weekday) + 1,  # type: ignore[arg-type]
    )


def is_text(text: str) -> bool:
    """Whether Postgres can be asked for it."""
    return (
        len(text) <= LONGEST and "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
    )


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name, "").strip()
    if not is_text(text):
        raise Problem(400, f"{name}: a text of at most {LONGEST} characters")
    return text or None


def _one_of(query: Mapping[str, str], name: str, known: Sequence[str]) -> str | None:
    text = query.get(name, "")
    if text and text not in known:
        raise Problem(400, f"{name}: one of {', '.join(known)}")
    return text or None


def _day(query: Mapping[str, str], name: str) -> date | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Problem(400, f"{name}: a day such as 2022-01-17") from None
    if not 1970 <= day.year <= 2199:
        raise Problem(400, f"{name}: a day of the years 1970 to 2199")
    return day


def _hour(query: Mapping[str, str]) -> int | None:
    text = query.get("hour", "")
    if text and text not in map(str, HOURS):
        raise Problem(400, "hour: 0 to 23, WIB")
    return int(text) if text else None


def _score(query: Mapping[str, str], name: str) -> Decimal | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        number = Decimal(text) if len(text) <= 20 else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not (number.is_finite() and 0 <= number <= 1):
        raise Problem(400, f"{name}: a score from 0 to 1")
    return number


def _bin(query: Mapping[str, str], bins: Sequence[str]) -> int | None:
    text = query.get("bin", "")
    if not text:
        return None
    numbers = {
        **{str(number): number for number in range(len(bins))},
        **{name: n for n, name in enumerate(bins)},
    }
    if text not in numbers:
        raise Problem(400, f"bin: one of {', '.join(bins)}, or its number from 0 on")
    return numbers[text]
