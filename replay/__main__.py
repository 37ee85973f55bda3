"""`python -m replay`: the archive, its retention, and replay sessions."""

from __future__ import annotations

import sys
from contextlib import closing

import click
import msgspec

from replay import reprocess as reprocessing
from replay.archiving import archive as run_archiver
from replay.archiving import run_retention
from replay.choosing import all_keys
from replay.cli import connected, counting, errors, redis_url
from replay.health import logging_health, replay_health
from replay.session_commands import commands
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command, usable_folder
from signaltape.redis_client import redis_client
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Archive, retention and replays. Reads SIGNALTAPE_DATA, REDIS_URL and DATABASE_URL."""
    begin_command()


@main.command()
@click.option("--once", is_flag=True, help="Drain the stream, then exit (exit code 1 if something is away).")
def archive(once: bool) -> None:
    """Write the stream into files under SIGNALTAPE_DATA, and apply retention every night at 03:00 WIB."""
    with errors():
        settings = Settings.from_env()
        usable_folder("SIGNALTAPE_HOME", settings.home)
        usable_folder("SIGNALTAPE_DATA", settings.data)
        done = run_archiver(settings, redis_url(settings), stop_on_signals(), once=once)
    click.echo(
        f"archived {done.lines}, duplicates {done.duplicates}, conflicts {done.conflicts}, invalid {done.invalid}"
    )


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def retention(dry_run: bool) -> None:
    """Delete what is past its time, after summing it up; print the report as JSON. Exit code 1 if files failed.

    Also drops old partitions of `records` (DATABASE_URL) and trims the stream below what every group is done with
    (REDIS_URL), where these are set.
    """
    with errors():
        report = run_retention(Settings.from_env(), utc_now(), dry_run=dry_run)
    click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
    sys.exit(1 if report.errors else 0)


@main.command()
@click.option("--from", "start", required=True, help="Entry id, `-`, or ISO time (WIB without a zone).")
@click.option(
    "--to", "end", default="+", show_default=True, help="Entry id (inclusive), `+`, or ISO time (exclusive)."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def stream(start: str, end: str, dry_run: bool) -> None:
    """Read stretches of the stream again into Postgres, the worker's way: what is there already stays as it is."""
    try:
        first, last = reprocessing.offset(start), reprocessing.offset(end, end=True)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with errors():
        settings = Settings.from_env()
        with (
            connected(settings) as connection,
            closing(redis_client(redis_url(settings))) as client,
            counting("reading") as tell,
        ):
            done = reprocessing.reprocess(
                client,
                connection,
                all_keys(client, settings),
                first,
                last,
                dry_run=dry_run,
                progress=lambda n: tell("read", n),
            )
    out = done.outcome
    click.echo(
        f"{'would store' if dry_run else 'stored'} {out.stored} of {done.entries} entries,"
        f" duplicates {out.duplicates}, conflicts {out.conflicts}, dead letters {out.dead}"
    )


@main.command()
@click.option("--session", help="Look at this one only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def health(session: str | None, as_json: bool) -> None:
    """Say whether recording and replays are well. Exit code 1 if one is not OK."""
    with errors():
        settings = Settings.from_env()
        found = {"logging": logging_health(settings), "replay": replay_health(settings, session)}
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for name, one in found.items():
            click.echo(f"{name}: {one.status}{f' ({one.message})' if one.message else ''}")
    sys.exit(0 if all(one.status == "OK" for one in found.values()) else 1)


for _name, _command in commands.commands.items():
    main.add_command(_command, _name)

if __name__ == "__main__":
    main()
