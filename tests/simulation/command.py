"""The command: one seed after the other, until time is over; each violation as a story, and how to repeat it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack

import click
import msgspec

from tests.simulation.databases import databases
from tests.simulation.hunting import Hunt, Plan
from tests.simulation.pool import SIMULATION_FAILED, Pool, cores
from tests.simulation.progress import Progress, summary
from tests.simulation.runs import Outcome, read_numbers
from tests.simulation.shrinking import Budget, shrink
from tests.simulation.telling import tell
from tests.simulation.worlds.registry import WORLDS

#: So many violations are told at length, one of each invariant of a world.
_TOLD = 3


def _numbers(_context: click.Context, _parameter: click.Parameter, text: str) -> tuple[tuple[int, int], ...]:
    try:
        return read_numbers(text)
    except ValueError as error:
        raise click.BadParameter("numbers and stretches, as 3,17-20") from error


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--world",
    "worlds",
    multiple=True,
    type=click.Choice(list(WORLDS)),
    help="Only this one; may be given several times.",
)
@click.option("--seconds", type=float, help="How long.  [default: 600; with --runs: until they are done]")
@click.option("--seed", type=int, help="The first one.  [default: a new one]")
@click.option("--runs", type=click.IntRange(1), help="How many of each world.")
@click.option("--steps", type=click.IntRange(1), help="With faults, of each run.  [default: by the seed]")
@click.option("--jobs", type=click.IntRange(1), default=cores(), show_default="cores", help="Processes.")
@click.option("--leave-out", callback=_numbers, default="", help="Faults, by number, as 3,17-20,40-.")
@click.option("--twice", is_flag=True, help="Do each run twice: both must be the same.")
@click.option("--stop-at-first", is_flag=True, help="End at the first violation.")
@click.option("--no-shrink", is_flag=True, help="Tell a violation as it was found.")
@click.option(
    "--shrink-s", type=float, default=120.0, show_default=True, help="How long to make one shorter."
)
@click.option("--whole", is_flag=True, help="Tell every line of the story.")
@click.option("--quiet", is_flag=True, help="No progress, no stories: one line for each violation.")
@click.option("--json", "as_json", is_flag=True, help="What came of it, as JSON on standard output.")
def main(
    worlds: tuple[str, ...],
    seconds: float | None,
    seed: int | None,
    runs: int | None,
    steps: int | None,
    jobs: int,
    leave_out: tuple[tuple[int, int], ...],
    twice: bool,
    stop_at_first: bool,
    no_shrink: bool,
    shrink_s: float,
    whole: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Simulate the product under faults, seed after seed. Exit code 1 if a promise did not hold, 2 if a run failed."""
    first_seed = int.from_bytes(os.urandom(4), "big") if seed is None else seed
    limit_s = 600.0 if seconds is None and runs is None else seconds
    names = worlds or tuple(WORLDS)
    plan = Plan(names, first_seed, limit_s, runs, steps, leave_out, twice, stop_at_first)
    progress = Progress(quiet=quiet)
    progress.say(f"seed {first_seed}; worlds: {', '.join(names)}; {jobs} at a time")
    hunt = Hunt(plan)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            pool = stack.enter_context(Pool(jobs, stack.enter_context(databases(names, jobs))))
            with progress:
                hunt.go(pool, progress.show)
            pool.give_up()
            if hunt.found and not quiet:
                budget = Budget(0 if no_shrink else 400, shrink_s)
                for outcome in _first_of_each(hunt.found)[:_TOLD]:
                    progress.say(
                        f"\nseed {outcome.run.seed} of {outcome.run.world}: looking for a shorter run"
                    )
                    print(tell(shrink(outcome, pool, budget), whole=whole), file=sys.stderr)
        except KeyboardInterrupt:
            progress.say("interrupted")
    if as_json:
        print(msgspec.json.encode(summary(hunt)).decode())
    else:
        progress.conclude(hunt)
    sys.exit(_exit_code(hunt))


def _exit_code(hunt: Hunt) -> int:
    invariants = [outcome.violation.invariant for outcome in hunt.found if outcome.violation is not None]
    return 2 if SIMULATION_FAILED in invariants else 1 if invariants else 0


def _first_of_each(found: list[Outcome]) -> list[Outcome]:
    """The first violation of each invariant of each world."""
    first: dict[tuple[str, str], Outcome] = {}
    for outcome in found:
        assert outcome.violation is not None
        first.setdefault((outcome.run.world, outcome.violation.invariant), outcome)
    return list(first.values())
