"""Moments as a person types them, within what events can have."""

from __future__ import annotations

from datetime import UTC, datetime

from signaltape.clock import FIRST_YEAR, LAST_YEAR, as_aware

#: No event lies outside, so any moment further out means the same; and every zone can show these.
EARLIEST = datetime(FIRST_YEAR - 1, 12, 1, tzinfo=UTC)
LATEST = datetime(LAST_YEAR + 1, 2, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    """An ISO time (without a zone: WIB), within what events can have. Raises ValueError."""
    found = as_aware(datetime.fromisoformat(text))
    if found.year < EARLIEST.year:  # compared by year first: at the edges of the calendar a zone overflows
        return EARLIEST
    if found.year > LATEST.year:
        return LATEST
    return min(max(found, EARLIEST), LATEST)
