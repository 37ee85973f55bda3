"""A PostgreSQL of one test alone, that it may stop and start again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.postgres import Postgres
from deploy.embedded.servers import _postgres, remove_data
from tests.support.clusters import fill
from tests.support.disks import POSTGRES_OPTIONS, home_of_servers


@contextmanager
def own_postgres(*options: str) -> Iterator[Postgres]:
    """It runs; whether it does at the end is all the same. options: more settings, `name=value`."""
    home = home_of_servers()
    temporary: list[Path] = []
    fill(home)
    postgres = _postgres(home, temporary, (*POSTGRES_OPTIONS, *options))
    try:
        postgres.start()
        yield postgres
    finally:
        if postgres.pid:
            postgres.stop()
        remove_data(home)
        for folder in (home, *temporary):
            shutil.rmtree(folder, ignore_errors=True)
