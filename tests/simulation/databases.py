"""A PostgreSQL for the worlds that need one: started for one hunt, with a database for each run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg

from deploy.embedded.servers import remove_data, running
from signaltape import Secret
from sink.admin.migrate import migrate
from sink.db import connect
from tests.simulation.worlds.registry import WORLDS
from tests.support.disks import POSTGRES_OPTIONS, home_of_servers

#: The migrated databases of each world.
Databases = Mapping[str, Sequence[str]]

#: No Redis is wanted.
_NO_REDIS = "redis://nobody"
_TEMPLATE = "simulation"


@contextmanager
def databases(worlds: Sequence[str], count: int) -> Iterator[Databases]:
    """URLs of so many databases for each of these worlds that needs them; server and data are gone at the end."""
    needing = [world for world in worlds if WORLDS[world].needs_postgres]
    if not needing:
        yield {}
        return
    home = home_of_servers()
    try:
        with running(home, redis_url=_NO_REDIS, postgres_options=POSTGRES_OPTIONS) as urls:
            yield _make(urls.database, needing, count)
    finally:
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)


def _make(server: str, worlds: Sequence[str], count: int) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {world: [] for world in worlds}
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
        with connect(Secret(_url(server, _TEMPLATE))) as connection:
            migrate(connection)
        for world in worlds:
            for number in range(1, count + 1):
                name = f"{_TEMPLATE}_{world}_{number}"
                admin.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}".encode())
                made[world].append(_url(server, name))
    return made


def _url(server: str, name: str) -> str:
    return server.replace("@/postgres?", f"@/{name}?")
