"""A migrated cluster of Postgres, made once a run and copied for every rig: making one takes as long as most faults."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from deploy.embedded.account import Account, choose_account, place_for, programs_for
from deploy.embedded.binaries import postgres_bin
from deploy.embedded.postgres import Postgres
from deploy.embedded.servers import remove_data
from signaltape import Secret
from sink.admin.migrate import migrate
from sink.db import connect


class Cluster(NamedTuple):
    """A server that was not started yet, its data, and the socket that it will listen on."""

    postgres: Postgres
    data: Path
    socket: Path


class Mould(NamedTuple):
    """Who runs Postgres, with which programs, and a cluster that was migrated."""

    account: Account
    programs: Path
    data: Path


def new_cluster(home: Path) -> Cluster:
    """A migrated cluster for the rig in `home`; `remove_data(home)` removes it."""
    made = mould()
    place = place_for(home, made.account)
    data = place / "postgres"
    subprocess.run(["cp", "-a", str(made.data), str(data)], check=True)  # with owners and rights
    postgres = Postgres(made.programs, data, place / "s", made.account)
    return Cluster(postgres, data, place / "s" / ".s.PGSQL.5432")


@cache
def mould() -> Mould:
    """The one of this process."""
    home = Path(tempfile.mkdtemp(prefix="chaos-mould-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(remove_data, home)
    account = choose_account()
    place = place_for(home, account)
    made = Mould(account, programs_for(postgres_bin(), place, account), place / "postgres")
    postgres = Postgres(made.programs, made.data, place / "s", account)
    postgres.start()
    try:
        with connect(Secret(postgres.url())) as connection:
            migrate(connection)
    finally:
        postgres.stop()
    return made
