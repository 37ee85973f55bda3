"""What signals are looked for: filters out of an address, and back into one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from urllib.parse import urlencode

from reports.operations.shown import DELAYS
from reports.operations.slices import Chosen
from signaltape.clock import WIB
from web.asked import day_in, number_in, one_in, text_in
from web.http.problems import Problem

OUTCOMES = (
    *("closed", "won", "lost", "sl", "open", "triggered", "expired"),
    *("traded", "tp1", "traded2", "tp2", "settled"),
)
SIDES = ("long", "short")
#: Who tells an outcome.
SOURCES = ("engine", "ghost")
#: What most say of an alert of theirs.
VOTES = ("up", "down", "took", "skipped")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(range(24))


class Filters(NamedTuple):
    """What signals are looked for; None lets all through.

    since, until: WIB days, both included; hour: 0 to 23, weekday: 1 (Monday) to 7, WIB; bin: its number; outcome_from:
    who tells the outcome; confidence: the bin that it is in; delay: the bin of
    the wait for the entry; held: why no alert of them was sent.
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
    outcome_from: str | None = None
    vote: str | None = None
    held: str | None = None
    confidence: int | None = None
    delay: int | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """For the queries."""
        return {
            **self._asdict(),
            "since": self.since and datetime.combine(self.since, time.min, WIB),
            "until": self.until and datetime.combine(self.until, time.min, WIB) + timedelta(days=1),
        }

    @property
    def one_index_has(self) -> bool:
        """Whether an index alone tells which these are: of a span, and of one symbol, setup or rules version."""
        asked = {name for name, value in self._asdict().items() if value is not None} - {"since", "until"}
        return len(asked) <= 1 and asked <= {"symbol", "setup", "rules"}

    @property
    def asks_for_alerts(self) -> bool:
        """Whether it is asked for what became of alerts: found for all at once, not signal by signal."""
        return self.vote is not None or self.held is not None

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
        since=day_in(query, "since"),
        until=day_in(query, "until"),
        **chosen_of(query)._asdict(),
        bin=_bin(query, "bin", bins),
        confidence=_bin(query, "confidence", bins),
        delay=number_in(query, "delay", 0, len(DELAYS) - 1),
        low=_score(query, "low"),
        high=_score(query, "high"),
        outcome=one_in(query, "outcome", OUTCOMES),
        vote=one_in(query, "vote", VOTES),
        held=text_in(query, "held"),
    )


def chosen_of(query: Mapping[str, str]) -> Chosen:
    """Read what of an address a scorecard knows. Raises Problem, naming the one that cannot be used."""
    weekday = one_in(query, "weekday", WEEKDAYS)
    return Chosen(
        symbol=text_in(query, "symbol"),
        side=one_in(query, "side", SIDES),
        setup=text_in(query, "setup"),
        rules=text_in(query, "rules"),
        hour=_hour(query),
        weekday=weekday and WEEKDAYS.index(weekday) + 1,  # type: ignore[arg-type]
        outcome_from=one_in(query, "outcome_from", SOURCES),
    )


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


def _bin(query: Mapping[str, str], name: str, bins: Sequence[str]) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    numbers = {
        **{str(number): number for number in range(len(bins))},
        **{name: n for n, name in enumerate(bins)},
    }
    if text not in numbers:
        raise Problem(400, f"{name}: one of {', '.join(bins)}, or its number from 0 on")
    return numbers[text]
