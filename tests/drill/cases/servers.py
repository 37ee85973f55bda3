"""Redis or Postgres is there and takes nothing, or is not there."""

from __future__ import annotations

import os
import signal

from tests.drill.registry import case
from tests.drill.stage import Stage

#: A server that is away for less is not worth a word of guard's (a tenth of what it waits for as shipped).
LONG_ENOUGH_S = 5.0
#: Full within a second or two of the load.
_ROOM_BYTES = 256 * 1024


@case("journal-backlog", "measures-missing")
def redis_full(stage: Stage) -> None:
    """It may take a little more than it has now."""
    with stage.redis() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + _ROOM_BYTES)


@case("postgres-away", afterwards=True)
def postgres_down(stage: Stage) -> None:
    """It is killed, and nobody starts it again."""
    os.kill(stage.postgres.pid, signal.SIGKILL)
    stage.postgres.stop()
    stage.pause(LONG_ENOUGH_S)
