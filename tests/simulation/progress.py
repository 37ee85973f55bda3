"""What a hunt shows while it goes on, and at its end."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.simulation.hunting import Hunt
from tests.simulation.runs import Outcome

#: Where nobody watches a terminal, a line is written so often, in seconds.
_LINE_EVERY_S = 30.0


class Progress:
    """A line that changes, above it what was found; on standard error."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._quiet = quiet
        self._live: Live | None = None
        if not quiet and self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._written = time.monotonic()

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(text)

    def show(self, hunt: Hunt, outcome: Outcome | None) -> None:
        """How far it is. outcome: a violation that was just found."""
        if outcome is not None:
            self.say(line_of(outcome))
        elif self._live is not None:
            self._live.update(Text(_line(hunt)), refresh=True)
        elif not self._quiet and time.monotonic() - self._written > _LINE_EVERY_S:
            self._written = time.monotonic()
            self.say(_line(hunt))

    def conclude(self, hunt: Hunt) -> None:
        """What it was, all in all."""
        for name, tally in hunt.tallies.items():
            done = f"{tally.seeds:,} seeds, {tally.steps:,} steps, {tally.violations} violations"
            self.say(f"{name}: {done}, fingerprint {tally.fingerprint}")
        self.say(f"{_line(hunt)}; first seed {hunt.plan.first_seed}")


def line_of(outcome: Outcome) -> str:
    """A violation in a line."""
    violation = outcome.violation
    assert violation is not None
    where = f"❌ {outcome.run.world}, seed {outcome.run.seed}, step {violation.step}"
    return f"{where}: {violation.invariant}: {violation.text}"


def summary(hunt: Hunt) -> dict[str, Any]:
    """What it was, for a program."""
    return {
        "worlds": {
            name: {"seeds": tally.seeds, "steps": tally.steps, "violations": tally.violations}
            for name, tally in hunt.tallies.items()
        },
        "violations": [
            {"world": outcome.run.world, "seed": outcome.run.seed, **outcome.violation._asdict()}
            for outcome in hunt.found
            if outcome.violation is not None
        ],
        "first_seed": hunt.plan.first_seed,
        "fingerprint": hunt.fingerprint,
        "seeds": hunt.seeds,
        "steps": hunt.steps,
        "steps_per_s": round(hunt.steps_per_s),
    }


def _line(hunt: Hunt) -> str:
    left = "" if not hunt.left_s else f", {hunt.left_s:.0f} s left"
    return (
        f"{hunt.seeds:,} seeds, {hunt.steps:,} steps, {hunt.steps_per_s:,.0f} steps/s, "
        f"{len(hunt.found)} violations, {hunt.elapsed_s:.0f} s{left}"
    )
