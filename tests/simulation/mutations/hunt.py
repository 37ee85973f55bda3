"""`python -m tests.simulation.mutations`: each defect is put into a copy of the tree, and its world must find it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import click
import msgspec
from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.simulation.mutations.catalogue import Mutation, chosen, read_all
from tests.simulation.mutations.findings import Finding, Verdict
from tests.simulation.mutations.showing import as_markdown, as_table
from tests.simulation.mutations.tree import DoesNotApply, environment, mutated

#: What a simulation may take beyond its time: to start, and to end the seed that it is at.
_GRACE_S = 120.0
_FOUND, _NONE = 1, 0


class Violation(Struct):
    """What a simulation found."""

    invariant: str
    seed: int
    step: int


class Answer(Struct):
    """What a simulation prints."""

    violations: list[Violation] = []
    seeds: int = 0
    steps: int = 0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", metavar="GLOB", help="Only mutations whose name, or room/name, matches.")
@click.option("--seconds-each", type=float, default=180.0, show_default=True, help="Give up after so long.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Hunts at a time.")
@click.option("--seed", type=int, default=1, show_default=True, help="The first seed of each hunt.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the table there as Markdown too.")
@click.option("--list", "listing", is_flag=True, help="Show the mutations, and hunt none.")
def main(
    only: str | None,
    seconds_each: float,
    jobs: int,
    seed: int,
    as_json: bool,
    markdown: Path | None,
    listing: bool,
) -> None:
    """Hunt the defects of the catalogue. Exit code 1 if any of them was not found."""
    mutations = chosen(read_all(), only)
    if not mutations:
        raise click.BadParameter(f"no mutation is called {only!r}", param_hint="--only")
    if listing:
        for one in mutations:
            click.echo(f"{one.world:8} {one.room}/{one.name}: {one.summary}")
        return
    findings = list(_hunt_all(mutations, seconds_each, jobs, seed))
    findings.sort(key=lambda one: (one.room, one.name))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(findings)).decode())
    else:
        Console().print(as_table(findings))
    if markdown is not None:
        markdown.write_text(as_markdown(findings))
    sys.exit(int(any(one.verdict is not Verdict.FOUND for one in findings)))


def _hunt_all(mutations: list[Mutation], seconds: float, jobs: int, seed: int) -> Iterator[Finding]:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("hunting", total=len(mutations))
        for hunt in as_completed([pool.submit(run, one, seconds, seed) for one in mutations]):
            finding = hunt.result()
            progress.console.print(_line(finding), highlight=False)
            progress.advance(task)
            yield finding


def _line(finding: Finding) -> str:
    said = f"{finding.verdict.value} in {finding.seconds:.0f} s"
    by = finding.invariant or finding.error
    return f"{finding.room}/{finding.name}: {said}{f': {by}' if by else ''}"


def run(mutation: Mutation, seconds: float, seed: int) -> Finding:
    """Hunt one mutation for at most `seconds`, from a seed on."""
    began = time.monotonic()
    try:
        with mutated(mutation) as root:
            began = time.monotonic()
            verdict, answer, error = simulate(root, mutation.world, seconds, seed)
    except DoesNotApply as failure:
        verdict, answer, error = Verdict.FAILED, Answer(), str(failure)
    first = answer.violations[0] if answer.violations else None
    return Finding(
        name=mutation.name,
        room=mutation.room,
        summary=mutation.summary,
        kind=mutation.kind,
        world=mutation.world,
        verdict=verdict,
        seconds=round(time.monotonic() - began, 1),
        invariant=first.invariant if first else "",
        seed=first.seed if first else None,
        seeds=answer.seeds,
        steps=answer.steps,
        error=error,
    )


def simulate(root: Path, world: str, seconds: float, seed: int) -> tuple[Verdict, Answer, str]:
    """Run a world on the tree under `root`: how that ended, what it printed, and what went wrong."""
    command = [sys.executable, "-m", "tests.simulation", "--world", world, "--seconds", f"{seconds:g}"]
    command += ["--seed", str(seed), "--stop-at-first", "--quiet", "--json"]
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment(root),
            capture_output=True,
            text=True,
            timeout=seconds + _GRACE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Verdict.FAILED, Answer(), "the simulation did not end"
    try:
        answer = msgspec.json.decode(done.stdout, type=Answer)
    except msgspec.MsgspecError:
        lines = done.stderr.strip().splitlines() or ["it printed nothing"]
        return Verdict.FAILED, Answer(), f"exit code {done.returncode}: {lines[-1]}"
    if done.returncode == _FOUND and answer.violations:
        return Verdict.FOUND, answer, ""
    if done.returncode == _NONE and not answer.violations:
        return Verdict.NOT_FOUND, answer, ""
    return Verdict.FAILED, answer, f"exit code {done.returncode} and {len(answer.violations)} violations"
