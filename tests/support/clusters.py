"""An empty cluster of PostgreSQL, made once by each process and copied: making one takes ten times as long."""

from __future__ import annotations

import atexit
import shutil
import subprocess
from functools import cache
from pathlib import Path

from deploy.embedded.account import choose_account, place_for
from deploy.embedded.servers import remove_data, running
from tests.support.disks import POSTGRES_OPTIONS, home_of_servers

#: No Redis is wanted.
_NO_REDIS = "redis://nobody"


def fill(home: Path) -> None:
    """Give a new home a cluster, as if its servers had run and been stopped."""
    (home / "embedded").mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", str(_empty()), str(_data_of(home))], check=True)  # with owners and rights


@cache
def _empty() -> Path:
    home = home_of_servers()
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    atexit.register(remove_data, home)
    with running(home, redis_url=_NO_REDIS, postgres_options=POSTGRES_OPTIONS):
        pass
    return _data_of(home)


def _data_of(home: Path) -> Path:
    return place_for(home.resolve(), choose_account()).resolve() / "postgres"
