"""What each process takes at most, over the same events: the engine's part, shipper, worker, archiver, reporter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.table import Table

from deploy.embedded.servers import Urls
from tests.bench.drain import database
from tests.bench.figures import Figures

EVENTS = 100_000

#: The kernel counts what a process was before its exec too: so it is started by a small one, not by this one.
_WATCH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
_BARE = "pass"
_ENGINE = f"""
from signaltape import Emitter
from tests.support.samples import published
tape = Emitter(ship=False)
for _ in range({EVENTS}):
    tape.published(published())
tape.close()
"""
#: In the order in which they need each other's work.
_PROCESSES = {
    "Python alone": ("-c", _BARE),
    "engine that emits": ("-c", _ENGINE),
    "shipper": ("-m", "signaltape", "ship", "--once"),
    "worker": ("-m", "worker", "--once"),
    "archiver": ("-m", "replay", "archive", "--once"),
    "reporter, one scorecard": ("-m", "reports", "scorecard"),
}


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Run one after the other and ask the kernel for the highest memory of each."""
    environment = {
        **os.environ,
        "REDIS_URL": urls.redis,
        "DATABASE_URL": database(urls, "memory").reveal(),
        "SIGNALTAPE_HOME": str(home / "memory"),
        "SIGNALTAPE_DATA": str(home / "memory-archive"),
        "SIGNALTAPE_STREAM": "memory",
        "FEATURE_EVENT_LOGGING": "true",
    }
    found = {name: _highest_mib(words, environment) for name, words in _PROCESSES.items()}
    figures.raw["memory_mib"] = found
    table = Table(title=f"highest memory of each process, {EVENTS:,} events (MiB)", title_justify="left")
    table.add_column("process")
    table.add_column("MiB", justify="right")
    for name, mib in found.items():
        table.add_row(name, f"{mib:.0f}")
    figures.console.print(table)


def _highest_mib(words: tuple[str, ...], environment: dict[str, str]) -> float:
    done = subprocess.run(
        [sys.executable, "-c", _WATCH, sys.executable, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return int(done.stdout) / 1024
