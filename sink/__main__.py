"""`python -m sink`: migrate, rights, check, rebuild, purge."""

from __future__ import annotations

import sys
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json
from sink import operations
from sink.admin.counting import show_counted
from sink.command_line import PlainGroup, json_option


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
    columns = (TextColumn("rebuilding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console()) as bar:
        task = bar.add_task("rebuild", total=None)
        done = operations.rebuild(
            Settings.from_env(),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    click.echo(f"rebuilt from {done} events")


@main.command()
@click.argument("signal_id", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge(signal_id: UUID, yes: bool) -> None:
    """Remove a signal with all that is its own, events included."""
    if not yes:
        click.confirm(f"Remove signal {signal_id} and all its events?", abort=True)
    removed = operations.purge(Settings.from_env(), signal_id)
    click.echo(f"removed {removed} event(s)")


if __name__ == "__main__":
    main()
