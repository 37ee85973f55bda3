"""The example engine as a real process, and its switches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tests.support.forked import begin
from tests.support.measured_http import lines_in, measurements_in
from tests.support.raw_http import Reply, ask
from tests.support.waiting import next_line

_ROOT = Path(__file__).parents[2]
#: Wherever a test stands meanwhile.
IMPORTS = f"{_ROOT / 'producer'}:{_ROOT}"


class Engine(NamedTuple):
    """port: where it answers; home: its SIGNALTAPE_HOME; log: what it printed."""

    port: int
    home: Path
    log: Path

    def get(self, path: str, *headers: str) -> Reply:
        """Ask for something."""
        return ask(self.port, "GET", path, *headers)

    def switch(self, **switches: Any) -> None:
        """Set its switches, at once and whole."""
        fresh = self.home / "control.new"
        fresh.write_bytes(msgspec.json.encode(switches))
        fresh.replace(self.home / "control.json")

    def published(self) -> list[str]:
        """The ids of the signals on its tape."""
        events = (json.loads(line) for line in lines_in(self.home) if b'"confluence_score":' in line)
        return [event["signal_id"] for event in events]

    def measured(self, kind: str) -> dict[str, Any]:
        """What it has measured of a kind, by name; after its end."""
        return {one.name: one for one in measurements_in(self.home) if one.kind == kind}


def run(*options: str) -> tuple[int, str, str]:
    """One that is to end by itself: its exit code, output and errors."""
    environment = {**os.environ, "PYTHONPATH": IMPORTS}
    process = begin(("-m", "deploy.examples.engine_flask", *options), environment)
    out, err = process.communicate(timeout=60)
    return process.wait(), out, err


@contextmanager
def engine(home: Path, *options: str, **environment: str) -> Iterator[Engine]:
    """Runs until the block ends; it then has until the end of a minute to stop by itself."""
    command = [sys.executable, "-m", "deploy.examples.engine_flask", "--port", "0"]
    known = {name: value for name, value in os.environ.items() if not name.startswith("SIGNALTAPE_")}
    tape = {
        "FEATURE_EVENT_LOGGING": "true",
        "SIGNALTAPE_HOME": str(home),
        "REDIS_URL": "",
        "PYTHONPATH": IMPORTS,
    }
    log = home / "engine.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [*command, "--control", str(home / "control.json"), *options],
            env={**known, **tape, **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    line = next_line(process.stdout)
    assert line.startswith("listening on http://127.0.0.1:"), (line, log.read_text())
    try:
        yield Engine(int(line.rpartition(":")[2]), home, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
        process.stdout.close()
