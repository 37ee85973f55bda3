"""Dead letters that are looked for and chosen: out of an address or a form, and back into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from multidict import MultiMapping

from signaltape.clock import WIB
from sink.dead_letters import Filter, Shown
from web.asked import day_in, number_in, number_of, text_in
from web.http.problems import Problem

#: So many are chosen one by one at most; beyond that it is a filter.
_MOST_IDS = 1000
DAY = timedelta(days=1)


class Letters(NamedTuple):
    """Which letters are looked for; None lets all through. since, until: WIB days, both included."""

    event: str | None = None
    reason: str | None = None
    stream: str | None = None
    text: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def which(self) -> Filter:
        """For the operations."""
        return Filter(
            event=self.event,
            reason=self.reason,
            stream=self.stream,
            text=self.text,
            since=None if self.since is None else datetime.combine(self.since, time.min, WIB),
            until=None if self.until is None else datetime.combine(self.until, time.min, WIB) + DAY,
        )

    @property
    def given(self) -> list[tuple[str, str]]:
        """The conditions, as fields of an address or a form."""
        return [(name, str(value)) for name, value in self._asdict().items() if value is not None]

    @property
    def address(self) -> str:
        """The page of these letters."""
        return f"/quality?{urlencode(self.given)}" if self.given else "/quality"


class Choice(NamedTuple):
    """Letters that something is to be done with: some by their ids, or all that match."""

    which: Filter
    #: how it was said, for the form that repeats it
    given: list[tuple[str, str]]
    #: the page that it was chosen on
    address: str

    @property
    def everything(self) -> bool:
        """Whether letters are meant for no condition but that they are there."""
        return self.which == Filter()

    @property
    def said(self) -> str:
        """In words, for the audit."""
        return ", ".join(f"{name}={value}" for name, value in self.given)


def letters_of(given: Mapping[str, Any]) -> Letters:
    """Read the conditions of an address or a form. Raises Problem, naming the one that cannot be used."""
    return Letters(
        event=text_in(given, "event"),
        reason=text_in(given, "reason"),
        stream=text_in(given, "stream"),
        text=text_in(given, "text"),
        since=day_in(given, "since"),
        until=day_in(given, "until"),
    )


def choice_of(given: MultiMapping[Any]) -> Choice:
    """Read what was chosen: every `id`, or with `all` what the conditions let through. Raises Problem."""
    letters = letters_of(given)
    if given.get("all"):
        return Choice(letters.which, [("all", "1"), *letters.given], letters.address)
    ids = ids_of([str(one) for one in given.getall("id", [])])
    if not ids:
        raise Problem(400, "Choose letters first, by the boxes before them, or all that match.")
    return Choice(Filter(ids=ids), [("id", str(one)) for one in ids], letters.address)


def ids_of(texts: Sequence[str]) -> list[int]:
    """The numbers of letters, each once. Raises Problem."""
    found = [number_of(text) for text in texts]
    if len(found) > _MOST_IDS or None in found:
        raise Problem(400, f"id: numbers of dead letters, {_MOST_IDS} at most")
    return sorted({one for one in found if one is not None})


def shown_in(given: Mapping[str, Any]) -> Shown:
    """What was shown before it was decided: how many letters, up to which. Raises Problem."""
    letters, up_to = number_in(given, "letters"), number_in(given, "up_to")
    if letters is None or up_to is None:
        raise Problem(400, "letters, up_to: how many letters were shown, and the highest id among them")
    return Shown(letters, up_to, number_in(given, "ids_sum"))
