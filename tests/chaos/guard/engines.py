"""Engines with trouble on demand, and who asks them."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.child import Child
from tests.chaos.rig import Rig
from tests.support.waiting import eventually

_PATHS = ("/api/signal/SOL", "/api/orderflow/SOL")
_BEGINS_WITHIN_S = 60.0


class Engine:
    """The example engine as a process, and clients that ask it. per_s: requests of each of its two endpoints.

    env: what its environment has besides.
    """

    def __init__(
        self,
        rig: Rig,
        name: str,
        *,
        per_s: float = 3.0,
        rate: str = "100/second",
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._rig, self.name, self._rate, self._env = rig, name, rate, dict(env or {})
        self._control = rig.home / f"{name}.json"
        self._wait_s = 1 / per_s
        self._stop = threading.Event()
        self._base = ""
        self.child = self._start()
        self._clients = [
            threading.Thread(target=self._ask, args=(path, n), daemon=True)
            for path in _PATHS
            for n in range(2)
        ]
        for one in self._clients:
            one.start()

    def switch(self, **trouble: Any) -> None:
        """Make trouble; none ends it all."""
        fresh = Path(f"{self._control}.new")
        fresh.write_text(json.dumps(trouble))
        fresh.replace(self._control)

    def ask(self, per_s: float) -> None:
        """From now on clients ask so often."""
        self._wait_s = 1 / per_s

    def kill(self) -> None:
        """kill -9."""
        self.child.kill()

    def start_again(self) -> None:
        """As a process manager does."""
        self.child = self._start()

    def end(self) -> None:
        """Ask no more."""
        self._stop.set()
        for one in self._clients:
            one.join(5)

    def _start(self) -> Child:
        child = self._rig.start(
            self.name,
            "deploy.examples.engine_flask",
            *("--port", "0", "--control", str(self._control), "--rate", self._rate),
            env={**self._env, "SIGNALTAPE_ENGINE": self.name, "REDIS_URL": self._rig.valkey.url},
        )
        self._base = eventually(lambda: _address(child.log), _BEGINS_WITHIN_S)
        return child

    def _ask(self, path: str, number: int) -> None:
        time.sleep(self._wait_s * number / 2)  # two clients of one endpoint ask in turn
        while not self._stop.wait(self._wait_s * 2):
            with (
                suppress(OSError, urllib.error.URLError),
                urllib.request.urlopen(self._base + path, timeout=10) as got,
            ):
                got.read()


def _address(log: Path) -> str:
    said = [line for line in log.read_text().splitlines() if line.startswith("listening on ")]
    return said[0].removeprefix("listening on ").strip() if said else ""
