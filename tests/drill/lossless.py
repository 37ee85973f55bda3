"""What a run that lost nothing would have stored: the journals of a stage once more, into servers of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from deploy.embedded.servers import remove_data
from deploy.embedded.valkey import Valkey
from signaltape import Secret
from sink.db import connect
from tests.chaos.cluster import new_cluster
from tests.drill.stage import Stage
from tests.support.forked import ROOT
from tests.support.stored_rows import Rows, all_rows

#: Longer ago than any case began; what was shipped is kept by the journals for a quarter of an hour.
_ALL = "1h"


def rows_without_loss(stage: Stage, without: Mapping[str, Collection[str]]) -> Rows:
    """All processes of the stage must have ended."""
    home = Path(tempfile.mkdtemp(prefix="lossless-"))
    valkey = Valkey(home / "valkey", home / "v.sock")
    postgres, _, _ = new_cluster(home)
    try:
        valkey.start()
        postgres.start()
        shutil.copytree(stage.tape_home / "journal", home / "tape" / "journal")
        environment = {
            **stage.shell.environment,
            **stage.settings(),
            "REDIS_URL": valkey.url,
            "DATABASE_URL": postgres.url(),
            "SIGNALTAPE_HOME": str(home / "tape"),
        }
        for words in (("signaltape", "ship", "--once", "--resend", _ALL), ("worker", "--once")):
            subprocess.run(
                [sys.executable, "-m", *words], check=True, cwd=ROOT, env=environment, capture_output=True
            )
        with connect(Secret(postgres.url())) as connection:
            return all_rows(connection, without)
    finally:
        postgres.stop()
        valkey.stop()
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)
