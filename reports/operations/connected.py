"""The connection of this room's operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from signaltape.settings import Settings
from sink.db import Connection, connect, database_url


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """A session of its own. Raises SettingsError, DatabaseError."""
    with connect(database_url(settings), name="signaltape-reports") as connection:
        yield connection
