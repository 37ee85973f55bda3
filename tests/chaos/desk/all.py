"""All parts of the desk's run, one after the other, with a line and a table for each."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from tests.chaos.desk.alerts import run_alerts
from tests.chaos.desk.clicks import run_clicks
from tests.chaos.desk.panic import run_panic
from tests.chaos.desk.run import Run, prepared

console = Console()


def run_desk(alerts: int, clicks: int, seed: int) -> list[str]:
    """Alerts, clicks, a panic; what is not as it should be."""
    with prepared(seed) as run:
        counted = run_alerts(run, alerts)
        _show("desk, alerts", counted)
        clicked = run_clicks(run, clicks)
        _show("desk, clicks", clicked)
        _show_met(run)
        panicked = run_panic(run)
        console.print(
            f"desk, panic: {len(panicked.answered_s)} answered, the last after {panicked.slowest_s:.2f} s; told after "
            f"{panicked.told_s:.2f} s: {panicked.told!r}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return [f"desk: {line}" for line in (*counted.wrong, *clicked.wrong, *panicked.wrong)]


def _show(name: str, counted: Any) -> None:
    """A column for each figure."""
    figures = {key: value for key, value in counted._asdict().items() if key != "wrong"}
    table = Table("", name)
    for key, value in figures.items():
        table.add_row(key.replace("_", " "), f"{value:.0f}" if isinstance(value, float) else str(value))
    console.print("❌" if counted.wrong else "✅", name, highlight=False)
    console.print(table)


def _show_met(run: Run) -> None:
    met = {**run.chats.met, **run.disorder.met, "409 of two pollers": run.server.conflicts}
    console.print(
        f"faults met: {', '.join(f'{name} {n}' for name, n in sorted(met.items()))}", highlight=False
    )
