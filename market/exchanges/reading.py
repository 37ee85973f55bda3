"""What answers over HTTP have in common. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from market.exchanges.base import CandleRow
from market.exchanges.errors import RequestFailed, RequestRefused, Unreadable
from signaltape.showing import describe

MINUTE_US = 60_000_000
#: Three weeks: no gap of a stream is longer than what somebody would fill by hand.
MOST_MINUTES = 30_000


@contextmanager
def readable(provider: str) -> Iterator[None]:
    """What cannot be read in an answer makes it none. Raises RequestFailed."""
    try:
        yield
    except (Unreadable, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise RequestFailed(f"{provider} sent what is no answer: {describe(error)}") from error


def check_span(provider: str, since_us: int, until_us: int) -> None:
    """Raises RequestRefused for a span that nobody can mean, before anything is asked."""
    if until_us - since_us > MOST_MINUTES * MINUTE_US:
        raise RequestRefused(f"{provider}: more than {MOST_MINUTES} candles asked for at once")


def rows_between(rows: Iterable[CandleRow], since_us: int, until_us: int) -> list[CandleRow]:
    """Those that begin within [since, until), oldest first, each once: of two the first."""
    found: dict[int, CandleRow] = {}
    for row in rows:
        if since_us <= row.begin_us < until_us:
            found.setdefault(row.begin_us, row)
    return [found[begin] for begin in sorted(found)]
