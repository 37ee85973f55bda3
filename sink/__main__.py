"""`python -m sink`: migrate, check, rebuild, purge."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from signaltape.commands.command import begin_command
from signaltape.errors import SettingsError
from signaltape.settings import Settings
from sink import carry_over, quality
from sink import migrate as migrations
from sink.db import Connection, DatabaseError, connect, database_url, one_line, snapshot
from sink.errors import SinkError
from sink.rebuild import rebuild as rebuild_tables

console = Console()
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@contextmanager
def _session(name: str) -> Iterator[Connection]:
    """A connection; every error that a user can meet becomes one line."""
    try:
        with connect(database_url(Settings.from_env()), name=name) as connection:
            yield connection
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(f"Postgres: {one_line(error)}") from None
    except SinkError as error:
        raise click.ClickException(str(error)) from None


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Postgres of signaltape: schema, checks, repair. Reads DATABASE_URL."""
    begin_command()


@main.command()
def migrate() -> None:
    """Bring the schema up to date. Safe to run twice, and from several processes at once."""
    with _session("signaltape-migrate") as connection:
        applied = migrations.migrate(connection)
    for step in applied:
        console.print(f"applied {step.number:04d}_{step.name}", highlight=False)
    console.print("schema is up to date")


@main.command()
def check() -> None:
    """Check that the schema is up to date and that all tables agree. Exit code 1 if not."""
    with _session("signaltape-check") as connection:
        missing = migrations.pending(connection)
        if missing:
            names = ", ".join(f"{step.number:04d}_{step.name}" for step in missing)
            raise click.ClickException(f"migrations are missing ({names}): run python -m sink migrate")
        if carry_over.is_unfinished(connection):
            raise click.ClickException(
                "records of before are not all carried over: run python -m sink migrate"
            )
        with snapshot(connection):
            counts = quality.stored_by_kind(connection)
            differing = quality.disagreements(connection)
            orphans = quality.orphans(connection, *_ALWAYS)
            rest = quality.quality(connection, *_ALWAYS)
    console.print(f"events: {sum(counts.values())}", *(f"{kind}={n}" for kind, n in sorted(counts.items())))
    console.print("orphans:", *(f"{table}={n}" for table, n in orphans.items()))
    console.print(
        f"dead letters: {rest.dead_letters}, conflicts: {rest.conflicts}, duplicates: {rest.duplicates}"
    )
    for kind, (events, rows) in differing.items():
        console.print(f"{kind}: {events} events but {rows} rows in its table; run python -m sink rebuild")
    if differing:
        sys.exit(1)
    console.print("all tables agree")


@main.command()
def rebuild() -> None:
    """Make the detail tables anew from signal_events, in one transaction. Writers wait meanwhile."""
    with (
        _session("signaltape-rebuild") as connection,
        Progress(
            TextColumn("rebuilding"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        ) as progress,
    ):
        task = progress.add_task("rebuild", total=None)
        done = rebuild_tables(
            connection, lambda done, total: progress.update(task, completed=done, total=total)
        )
    console.print(f"rebuilt from {done} events")


@main.command()
@click.argument("signal_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(signal_id: UUID, yes: bool) -> None:
    """Remove a signal with all that is its own, events included."""
    if not yes:
        click.confirm(f"Remove signal {signal_id} and all its events?", abort=True)
    with _session("signaltape-purge") as connection:
        removed = quality.purge(connection, str(signal_id))
    console.print(f"removed {removed} event(s)")


if __name__ == "__main__":
    main()
