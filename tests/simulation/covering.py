"""`python -m tests.simulation.covering`: how much of the code that it is for simulation reaches, line and branch."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from io import StringIO
from itertools import count
from pathlib import Path
from typing import NamedTuple

import click
from coverage import Coverage
from rich.console import Console
from rich.table import Table

#: Below this, in percent, a group fails.
_ENOUGH = 95.0
_ROOT = Path(__file__).parents[2]


class Group(NamedTuple):
    """Files, and the world that is for them."""

    world: str
    patterns: tuple[str, ...]

    @classmethod
    def of(cls, world: str, folder: str, names: str) -> Group:
        """Some files of a folder."""
        return cls(world, tuple(f"{folder}/{name}.py" for name in names.split()))


GROUPS = {
    "journal": Group.of("spine", "producer/signaltape/journal", "*"),
    "shipping": Group.of("spine", "producer/signaltape/shipping", "*"),
    "consuming": Group.of("consuming", "consumer", "* decoding/*"),
    "writer": Group.of("writer", "sink/write", "*"),
    "archive": Group.of(
        "archive",
        "replay/archive",
        "adoption appending archiver archiving atomic files layout ledger ledger_file ledger_files lines outlet packed "
        "retention summary",
    ),
    "outbox": Group.of("outbox", "outbox", "*"),
}


#: What no world can reach, and why: lines, or whatever a line begins. Besides what says so itself.
OUT_OF_REACH = {
    r"def (_begin_fork|_end_fork|_close_in_child|forget|forget_in_child)\(": "a simulated process has no child; "
    "forks: tests/integration/test_child_processes.py, test_fork_amid_lock.py",
    r"# a child forked meanwhile may have it": "as above",
    r"except msgspec.MsgspecError:  # not what emit lets through": "only a defect of ours would reach it",
    r"^ +except Exception:$": "what a shipper's thread goes on after: only a defect of ours would reach it",
    r"for offset in range\(0, size, len\(block\)\):": "macOS has no posix_fallocate",
    r"raise redis.ConnectionError\(str\(error\)\) from error": "redis-py makes an error of its own of these",
    r"def (shipper_parts|journal_measure|_shipping)\(": "asked for metrics: tests/integration/test_metrics.py",
    r"def (group_status|_partition|_age_of_first)\(": "a person asks: tests/integration/test_status_beside_work.py",
    r"def (group_measures|stream_measures|_by_stream)\(": "as above, for metrics: tests/integration/test_metrics.py",
    r"def unpack_fields\(": "a person sends dead letters again: tests/integration/test_requeue.py",
    r"except Exception as error:  # noqa: BLE001 - the decoder's own fault": "only a defect of ours would reach it",
    r"def (learn_of_moves|_replies|show_typing|groups_given|note_move)\(": "a reporter asks whether a group has moved, "
    "before it gives a supergroup its first report of a week: tests/integration/test_moves.py",
    r"class StreamOutlet": "a replay into a stream, of which the archive knows only how it is deleted",
    r"except Exception as error:  # noqa: BLE001 - the next night must come": "each step of a retention is guarded",
    r"attempt\(report, \"postgres\", partial\(old_partitions, connection": "no program asks `apply` for it",
}


class Reached(NamedTuple):
    """How much of a group, lines and branches together, and where the rest is."""

    percent: float
    missing: list[str]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seconds", type=float, default=120.0, show_default=True, help="For each world.")
@click.option("--seed", type=int, help="The first one.  [default: a new one]")
@click.option("--missing", is_flag=True, help="Say which lines and branches were not reached.")
@click.option(
    "--group", "only", type=click.Choice(sorted(GROUPS)), multiple=True, help="Only this, and its world."
)
def main(seconds: float, seed: int | None, missing: bool, only: tuple[str, ...]) -> None:
    """Run the worlds and say what they reach. Exit code 1 if that is less than 95 % of any group."""
    groups = {name: group for name, group in GROUPS.items() if not only or name in only}
    first_seed = int.from_bytes(os.urandom(4), "big") if seed is None else seed
    console = Console(highlight=False)
    console.print(f"seed {first_seed}")
    coverage = Coverage(
        data_file=None,
        branch=True,
        concurrency=["greenlet", "thread"],
        source=[str(_ROOT / top) for top in _tops(groups.values())],
    )
    for line in OUT_OF_REACH:
        coverage.exclude(line)
    coverage.start()
    try:
        worlds = {group.world for group in groups.values()}
        names = _run_all(first_seed, seconds, worlds, lambda text: console.print(text))
    finally:
        coverage.stop()
    table, enough = Table("group", "reached"), True
    for group, (world, patterns) in groups.items():
        if world not in names:
            table.add_row(group, "no world")
            continue
        reached = _reached(coverage, patterns)
        enough = enough and reached.percent >= _ENOUGH
        table.add_row(group, f"{reached.percent:.1f} %")
        if missing:
            console.print(*reached.missing, sep="\n")
    console.print(table)
    sys.exit(0 if enough else 1)


def _tops(groups: Iterable[Group]) -> set[str]:
    return {pattern.partition("/")[0] for group in groups for pattern in group.patterns}


def _run_all(
    first_seed: int, seconds: float, worlds: Collection[str], say: Callable[[str], None]
) -> list[str]:
    """Each world for so long, in short runs, here: what another process reaches nobody counts. Gives their names."""
    from tests.simulation.databases import databases
    from tests.simulation.runs import Run, carry_out, steps_of
    from tests.simulation.worlds.registry import WORLDS

    names = [name for name in WORLDS if name in worlds]
    with ExitStack() as stack:
        urls = stack.enter_context(databases(tuple(names), 1))
        for name in names:
            url = urls[name][0] if name in urls else ""
            end = time.monotonic() + seconds
            for seed in count(first_seed):
                if time.monotonic() >= end:
                    break
                outcome = carry_out(Run(name, seed, steps_of(name, seed)), url)
                if outcome.violation is not None:
                    say(f"❌ {name}, seed {seed}: {outcome.violation.invariant}: {outcome.violation.text}")
            say(f"{name}: {seed - first_seed} seeds")
    return names


def _reached(coverage: Coverage, patterns: tuple[str, ...]) -> Reached:
    """As coverage counts: lines and branches together."""
    said = StringIO()
    include = [str(_ROOT / pattern) for pattern in patterns]
    percent = coverage.report(include=include, show_missing=True, skip_covered=True, file=said)
    return Reached(percent, said.getvalue().splitlines())


if __name__ == "__main__":
    main()
