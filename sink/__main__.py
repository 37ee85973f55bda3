"""`python -m sink`: migrate, rights, check, rebuild, purge, seal, verify."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json
from sink import operations
from sink.admin.counting import show_counted
from sink.command_line import TEXT, PlainGroup, json_option
from sink.sealing.shown import show_sealed, show_verified

_DAY = click.DateTime(formats=["%Y-%m-%d"])
#: Where the facts go to standard output, the bar does not.
_BESIDE = Console(stderr=True)


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Postgres of signaltape: schema, checks, repair. Reads DATABASE_URL."""
    begin_command()


@main.command()
def migrate() -> None:
    """Bring the schema up to date. Safe to run twice, and from several processes at once."""
    settings = Settings.from_env()
    for step in operations.migrate(settings):
        click.echo(f"applied {step.number:04d}_{step.name}")
    click.echo("schema is up to date")
    if left := operations.rights(settings):
        click.echo(f"{len(left)} right(s) could not be set by this role: python -m sink rights")


@main.command()
@json_option
def rights(as_json: bool) -> None:
    """Print what is missing of the rights of each process, as SQL for a role that may. Exit code 1 if anything is."""
    left = operations.rights(Settings.from_env())
    if as_json:
        print_json({"missing": left})
    elif left:
        click.echo("\n".join(f"{statement};" for statement in left))
    else:
        click.echo("every process has the rights that are declared, and no others")
    sys.exit(1 if left else 0)


@main.command()
@json_option
def check(as_json: bool) -> None:
    """Check that the schema is up to date and that all tables agree. Exit code 1 if not."""
    found = operations.check(Settings.from_env())
    if as_json:
        print_json(found)
    else:
        show_counted(Screen(), found)
    sys.exit(0 if found.agree else 1)


@main.command()
def rebuild() -> None:
    """Make the detail tables anew from signal_events, in one transaction. Writers wait meanwhile."""
    with _progress("rebuilding", Console()) as progress:
        done = operations.rebuild(Settings.from_env(), progress=progress)
    click.echo(f"rebuilt from {done} events")


@main.command()
@click.argument("signal_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(signal_id: UUID, yes: bool) -> None:
    """Remove a signal with all that is its own, events included. That they were there stays known (docs/sealed.md)."""
    if not yes:
        click.confirm(f"Remove signal {signal_id} and all its events?", abort=True)
    removed = operations.purge(Settings.from_env(), signal_id)
    click.echo(f"removed {removed} event(s)")


@main.command()
@json_option
def seal(as_json: bool) -> None:
    """Seal every day (WIB) that is over: a digest of what was stored, chained to the day before. Safe to run again.

    The archiver does it every night, and the reporter before each report.
    """
    with _progress("sealing", _BESIDE) as progress:
        done = operations.seal(Settings.from_env(), progress=progress)
    if as_json:
        print_json(done)
    else:
        show_sealed(Screen(), done)


@main.command()
@click.option(
    "--expect", type=TEXT, metavar="DIGEST", help="A digest from a report, or its first 12 digits or more."
)
@click.option(
    "--from", "since", type=_DAY, metavar="DAY", help="Read rows from this day on (2022-01-17, WIB)."
)
@click.option("--tables", is_flag=True, help="Hold the tables that reports read against the events, too.")
@json_option
def verify(expect: str | None, since: datetime | None, tables: bool, as_json: bool) -> None:
    """Hold all sealed days against what is stored: names the first day and row that was altered. Exit code 1 then.

    With --expect, a day must have this digest: else the whole record may have been made anew.
    """
    with _progress("verifying", _BESIDE) as progress:
        day = since.date() if since is not None else None
        found = operations.verify(
            Settings.from_env(), expect=expect, since=day, tables=tables, progress=progress
        )
    if as_json:
        print_json(found)
    else:
        show_verified(Screen(), found)
    sys.exit(0 if found.intact else 1)


@contextmanager
def _progress(what: str, console: Console) -> Iterator[Callable[[int, int], None]]:
    """A bar for as long as it takes."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    main()
