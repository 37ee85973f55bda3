"""`python -m sink`: migrate, check, rebuild, purge."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from signaltape.commands.command import begin_command
from signaltape.errors import SettingsError
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json
from sink import quality
from sink.admin import carry_over
from sink.admin import migrate as migrations
from sink.admin.counting import count_all, show_counted
from sink.admin.errors import SinkError
from sink.admin.rebuild import rebuild as rebuild_tables
from sink.db import Connection, DatabaseError, connect, database_url, one_line


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
        click.echo(f"applied {step.number:04d}_{step.name}")
    click.echo("schema is up to date")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
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
        found = count_all(connection)
    if as_json:
        print_json(found)
    else:
        show_counted(Screen(), found)
    sys.exit(0 if found.agree else 1)


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
            console=Console(),
        ) as progress,
    ):
        task = progress.add_task("rebuild", total=None)
        done = rebuild_tables(
            connection, lambda done, total: progress.update(task, completed=done, total=total)
        )
    click.echo(f"rebuilt from {done} events")


@main.command()
@click.argument("signal_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(signal_id: UUID, yes: bool) -> None:
    """Remove a signal with all that is its own, events included."""
    if not yes:
        click.confirm(f"Remove signal {signal_id} and all its events?", abort=True)
    with _session("signaltape-purge") as connection:
        removed = quality.purge(connection, str(signal_id))
    click.echo(f"removed {removed} event(s)")


if __name__ == "__main__":
    main()
