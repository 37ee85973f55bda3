"""A PostgreSQL for the worlds that need one: started for one hunt, with a database for each run at a time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.embedded.servers import remove_data, running
from signaltape import Secret
from sink.db import connect
from sink.migrate import migrate

#: No Redis is wanted.
_NO_REDIS = "redis://nobody"


@contextmanager
def databases(count: int) -> Iterator[list[str]]:
    """The URLs of so many migrated databases; server and data are gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="tape-"))
    try:
        with running(home, redis_url=_NO_REDIS, postgres_options=("fsync=off",)) as urls:
            yield [_make(urls.database, f"simulation_{number}") for number in range(1, count + 1)]
    finally:
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)


def _make(server: str, name: str) -> str:
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
    url = server.replace("@/postgres?", f"@/{name}?")
    with connect(Secret(url)) as connection:
        migrate(connection)
    return url
