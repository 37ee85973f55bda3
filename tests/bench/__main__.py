"""`python -m tests.bench`: every cost, as ratios within one run; a table, and `.signaltape/bench.json`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from deploy.embedded.servers import Urls, remove_data, running
from signaltape import Settings
from tests.bench import (
    alerts,
    alternating,
    drain,
    emit,
    ghost,
    growth,
    guard,
    hooks,
    measure,
    memory,
    replay,
    rings,
    sealing,
    ship,
    visible,
    web,
)
from tests.bench.figures import Figures, machine

console = Console()

BENCHES: dict[str, Callable[[Figures, Urls, Path], None]] = {
    "emit": emit.run,
    "alternating": alternating.run,
    "ship": ship.run,
    "drain": drain.run,
    "visible": visible.run,
    "memory": memory.run,
    "growth": growth.run,
    "replay": replay.run,
    "web": web.run,
    "alerts": alerts.run,
    "rings": rings.run,
    "ghost": ghost.run,
    "guard": guard.run,
    "measure": measure.run,
    "hooks": hooks.run,
    "sealing": sealing.run,
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", type=click.Choice(list(BENCHES)), help="Run one benchmark.")
@click.option(
    "--full", is_flag=True, help="Everything at full size: 20 million events. Half an hour, and some 30 GB."
)
def main(only: str | None, full: bool) -> None:
    """Run the benchmarks on servers of their own. Compare the ratios, not the single figures."""
    console.print(f"machine: {machine()}", highlight=False)
    figures = Figures(console, full=full)
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        with running(home) as urls:
            for name, bench in BENCHES.items():
                if only in (None, name):
                    bench(figures, urls, home)
    finally:
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)
    figures.show()
    path = Settings.from_env().home / "bench.json"
    figures.save(path)
    console.print(f"saved {path}", highlight=False)


if __name__ == "__main__":
    main()
