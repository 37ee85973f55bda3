"""A PostgreSQL of one test alone, that it may stop and start again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.embedded.postgres import Postgres
from deploy.embedded.servers import _postgres, remove_data
from tests.support.disks import POSTGRES_OPTIONS


@contextmanager
def own_postgres(*options: str) -> Iterator[Postgres]:
    """It runs; whether it does at the end is all the same. options: more settings, `name=value`."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    temporary: list[Path] = []
    (home / "embedded").mkdir()
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
