"""The one place that makes a plain error, in one line, of what a database says; with all that signaltape knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from signaltape import plain_errors as known
from signaltape.errors import InvalidRequest, SignaltapeError, Unavailable

_OLD_SCHEMA = ": is the schema up to date? python -m sink migrate"
#: What to do about an error, by its SQLSTATE: a table, a column or a function is not there.
_WHAT_TO_DO = dict.fromkeys(("42P01", "42703", "42883"), _OLD_SCHEMA)


@contextmanager
def plain_errors(*more: known.Naming) -> Iterator[None]:
    """Around anything, or as a decorator: errors of Postgres, Redis and files come out as SignaltapeError."""
    with known.plain_errors(*more, _of_the_database):
        yield


def _of_the_database(error: Exception) -> SignaltapeError | None:
    from consumer.writing import (
        SinkUnavailable,  # not every command needs them; what was raised is loaded already
    )
    from sink.db import DatabaseError

    if isinstance(error, DatabaseError):
        return Unavailable(f"Postgres: {known.one_line(error)}{_WHAT_TO_DO.get(error.sqlstate or '', '')}")
    if isinstance(error, SinkUnavailable):  # it says itself what does not write
        return Unavailable(known.one_line(error))
    if isinstance(error, UnicodeEncodeError):  # bytes of a command line that are no text
        return InvalidRequest("every argument must be UTF-8")
    return None
