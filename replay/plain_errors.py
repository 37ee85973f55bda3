"""Plain errors of this room: as the sink's, and what the archive's ledger says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from signaltape.errors import SignaltapeError, Unavailable
from signaltape.plain_errors import one_line
from sink import plain_errors as known


@contextmanager
def plain_errors() -> Iterator[None]:
    """Around anything, or as a decorator: every error that a person can meet comes out as SignaltapeError."""
    with known.plain_errors(_of_the_ledger):
        yield


def _of_the_ledger(error: Exception) -> SignaltapeError | None:
    return (
        Unavailable(f"the archive's ledger: {one_line(error)}") if isinstance(error, sqlite3.Error) else None
    )
