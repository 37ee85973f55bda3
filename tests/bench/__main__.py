"""`python -m tests.bench`: what emit costs, and how fast the stream reaches Postgres, as ratios within one run."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from deploy.embedded.servers import Urls, remove_data, running
from tests.bench import drain, emit, replay

console = Console()

BENCHES: dict[str, Callable[[Console, Urls, Path], None]] = {
    "emit": emit.run,
    "drain": drain.run,
    "replay": replay.run,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", type=click.Choice(list(BENCHES)), help="Run one benchmark.")
def main(only: str | None) -> None:
    """Run the benchmarks on servers of their own. Compare the ratios, not the single figures."""
    console.print(
        f"machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        highlight=False,
    )
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with running(home) as urls:
            for name, bench in BENCHES.items():
                if only in (None, name):
                    bench(console, urls, home)
    finally:
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
