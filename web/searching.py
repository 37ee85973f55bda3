"""One box for everything: which page a text means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from reports.operations.shown import week_named
from signaltape.errors import InvalidRequest
from sink.pool import Session, one
from sink.queries import load
from web.filters import OUTCOMES, SIDES, Filters
from web.signals import found_by_id

_SQL = load(Path(__file__).parent / "sql" / "signals.sql")
_RANGE = re.compile(r"([01](?:\.[0-9]{1,6})?)(?:\.\.|-)([01](?:\.[0-9]{1,6})?)")
_MOST_WORDS = 8


async def target_of(session: Session, text: str, bins: Sequence[str]) -> str | None:
    """The address of what a text names: a signal by any of its ids, else signals by words; None for nothing known.

    Words: a side, an outcome, a week (2022-W03), a bin, a range of the score (0.5..0.75), a symbol, setup or rules
    version. bins: what each is called.
    """
    found = await found_by_id(session, text)
    if found is not None:
        return f"/signals/{found}"
    filters = Filters()
    for word in text.split()[:_MOST_WORDS]:
        known = of_word(filters, word, bins) or await _of_name(session, filters, word)
        if known is None:
            return None
        filters = known
    return filters.address


def of_word(filters: Filters, word: str, bins: Sequence[str]) -> Filters | None:
    """The filters with what a word says by itself; None if it is none of these words."""
    lowered = word.lower()
    if lowered in SIDES:
        return filters._replace(side=lowered)
    if lowered in OUTCOMES:
        return filters._replace(outcome=lowered)
    if word in bins:
        return filters._replace(bin=bins.index(word))
    span = _RANGE.fullmatch(word)
    if span is not None:
        return filters._replace(low=Decimal(span[1]), high=Decimal(span[2]))
    try:
        week = week_named(word.upper())
    except InvalidRequest:
        return None
    return filters._replace(since=week.monday, until=week.sunday)


async def _of_name(session: Session, filters: Filters, word: str) -> Filters | None:
    """The filters with a symbol, a setup or a rules version that some signal has."""
    row = await one(session, _SQL["named"], {"word": word})
    return filters._replace(**{row["kind"]: row["name"]}) if row else None
