"""The engine's API fails: one endpoint answers 500, more often than not."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.drill.registry import case
from tests.drill.stage import SETTINGS, Stage
from tests.support.waiting import eventually

#: The file of the example engine's switches, beside the settings.
_SWITCHES = "engine.json"
_FAILING = '{"error_share": 0.5, "only": "/api/signal/<symbol>"}'
_EVERY_S = 0.05
#: Of a cache of the engine's that lies in the same Redis.
_CACHED = 20


def asked_all_the_time(stage: Stage) -> None:
    """Somebody asks for signals; the engine keeps a cache in Redis."""
    switches = Path(stage.places[SETTINGS]) / _SWITCHES
    with stage.redis() as client:
        client.mset({f"screener:{number}": "x" for number in range(_CACHED)})
    engine = stage.start("api", "deploy.examples.engine_flask", "--port", "0", "--control", str(switches))
    address = eventually(lambda: _address(engine.log))
    over = threading.Event()
    asking = threading.Thread(target=_ask, args=(address, over), daemon=True)
    asking.start()
    stage.stack.callback(asking.join)
    stage.stack.callback(over.set)


def _address(log: Path) -> str:
    _, _, rest = log.read_text().partition("listening on ")
    return rest.partition("\n")[0]


def _ask(address: str, over: threading.Event) -> None:
    while not over.wait(_EVERY_S):
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"{address}/api/signal/SOL", timeout=5).close()


def one_namespace_is_flushed(stage: Stage) -> Iterator[str]:
    """The cache is gone, and nothing else."""
    with stage.redis() as client:
        left = client.keys("screener:*")
        if left:
            yield f"{len(left)} keys of the cache are left"
        if not client.exists(*stage.keys):
            yield "the stream is gone"


@case(
    "errors-burst", "error-rate-500", "rest-p95", prepare=asked_all_the_time, check=one_namespace_is_flushed
)
def errors_and_latency(stage: Stage) -> None:
    """Half of the answers of one endpoint are 500."""
    (Path(stage.places[SETTINGS]) / _SWITCHES).write_text(_FAILING)
