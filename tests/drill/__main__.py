"""`python -m tests.drill`: every case of the runbook, one after the other; a table, and `.signaltape/drill.json`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
from rich.console import Console

from signaltape import Settings
from tests.drill.cases import load
from tests.drill.page import Section, sections
from tests.drill.playing import Played, play
from tests.drill.registry import CASES
from tests.drill.table import as_markdown, as_table
from tests.support.forked import ROOT

PAGE = ROOT / "docs" / "runbook.md"
console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", help="Play one case, or all that begin so.")
@click.option("--markdown", is_flag=True, help="Print the table as it stands in the docs.")
def main(only: str | None, markdown: bool) -> None:
    """Play the cases of docs/runbook.md. Exit code 1 if one did not go as written, or an event was lost or doubled."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its servers end with it
    load()
    chosen = [one for one in sections(PAGE.read_text()) if one.name.startswith(only or "")]
    if not chosen:
        raise click.BadParameter(f"there is no case {only!r}; there are: {', '.join(CASES)}")
    played = [_one(number, len(chosen), section) for number, section in enumerate(chosen, 1)]
    _save(played)
    print(as_markdown(played) if markdown else as_table(played))
    sys.exit(0 if all(one.is_well for one in played) else 1)


def _one(number: int, total: int, section: Section) -> Played:
    began = time.monotonic()
    with console.status(section.name) as status:
        found = play(section, CASES[section.name], lambda said: status.update(f"{section.name}: {said}"))
    mark = "✅" if found.is_well else "❌"
    took_s = time.monotonic() - began
    print(f"{mark} {number}/{total} {section.name}: {found.accepted} events, {took_s:.0f} s", flush=True)
    for wrong in found.wrong:
        print(f"   {wrong}", flush=True)
    return found


def _save(played: Sequence[Played]) -> None:
    path = Path(Settings.from_env().home) / "drill.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(played), indent=2) + b"\n")


if __name__ == "__main__":
    main()
