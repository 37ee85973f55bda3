"""`python -m replay`: the archive, its retention, and replay sessions."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from replay.archive.keeping import Report
from replay.arguments import MomentType
from replay.comparing.diff_command import diff
from replay.counting import counting
from replay.moments import LATEST
from replay.operations import archive as operations
from replay.operations import jobs
from replay.operations.archive import HealthReport
from replay.sessions.reprocess import Reprocessed
from replay.sessions.session_commands import commands
from replay.sessions.sources import Span
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals
from signaltape.terminal import NOTHING_TO_DO, Screen, Style, print_json
from sink.command_line import PlainGroup, json_option, metrics_option

_STYLES: dict[str, Style] = {"OK": "good", "WARN": "warn"}


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Archive, retention and replays. Reads SIGNALTAPE_DATA, REDIS_URL and DATABASE_URL."""
    begin_command()


@main.command()
@click.option("--once", is_flag=True, help="Drain the stream, then exit (exit code 1 if something is away).")
@metrics_option
def archive(once: bool, metrics_port: int | None) -> None:
    """Write the stream into files under SIGNALTAPE_DATA, and apply retention every night at 03:00 WIB."""
    done = operations.archive(Settings.from_env(), stop_on_signals(), once=once, metrics_port=metrics_port)
    click.echo(
        f"archived {done.lines}, duplicates {done.duplicates}, conflicts {done.conflicts}, invalid {done.invalid}"
    )


@main.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
def retention(dry_run: bool, as_json: bool) -> None:
    """Delete what is past its time, after summing it up, and report. Exit code 1 if files failed.

    Also drops old partitions of `records` (DATABASE_URL) and trims the stream below what every group is done with
    (REDIS_URL), where these are set.
    """
    report = operations.run_retention(Settings.from_env(), utc_now(), dry_run=dry_run)
    if as_json:
        print_json(report)
    else:
        _show_report(Screen(), report)
    sys.exit(1 if report.errors else 0)


@main.command()
@click.option("--from", "start", required=True, help="Entry id, `-`, or ISO time (WIB without a zone).")
@click.option(
    "--to", "end", default="+", show_default=True, help="Entry id (inclusive), `+`, or ISO time (exclusive)."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def stream(start: str, end: str, dry_run: bool) -> None:
    """Read stretches of the stream again into Postgres, the worker's way: what is there already stays as it is."""
    with counting("reading") as tell:
        done = operations.reprocess_stream(
            Settings.from_env(), start, end, dry_run=dry_run, progress=lambda n: tell("read", n)
        )
    _tell_reprocessed(done, "entries", dry_run)


@main.command()
@click.option("--from", "since", type=MomentType(), required=True, help="First moment (WIB without a zone).")
@click.option(
    "--to", "until", type=MomentType(), default=LATEST, help="First moment that is not in it any more."
)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def fill(since: datetime, until: datetime, dry_run: bool) -> None:
    """Read what the archive holds of a span into Postgres: what is there already stays as it is.

    Times are those of the events themselves: begin well before the hole, for some may have come late.
    """
    if until <= since:
        raise click.UsageError("--to must be later than --from")
    with counting("reading") as tell:
        done = operations.fill_from_archive(
            Settings.from_env(), Span(since, until), dry_run=dry_run, progress=lambda n: tell("read", n)
        )
    _tell_reprocessed(done, "lines", dry_run)
    if done.bad:
        click.echo(done.bad, err=True)


def _tell_reprocessed(done: Reprocessed, what: str, dry_run: bool) -> None:
    out = done.outcome
    click.echo(
        f"{'would store' if dry_run else 'stored'} {out.stored} of {done.entries} {what},"
        f" duplicates {out.duplicates}, conflicts {out.conflicts}, dead letters {out.dead}"
    )


@main.command()
@metrics_option
def serve(metrics_port: int | None) -> None:
    """Build and replay sessions, and compute what-ifs, that the dashboard or its API asks for, until SIGTERM or Ctrl-C.

    What is running then is stopped cleanly, within 30 seconds.
    """
    settings = Settings.from_env()
    stopped = jobs.serve(settings, stop_on_signals(), metrics_port=metrics_port)
    click.echo(f"stopped; of what was running: {stopped}")


@main.command()
@click.option("--session", help="Look at this one only.")
@json_option
def health(session: str | None, as_json: bool) -> None:
    """Say whether recording and replays are well. Exit code 1 if one is not OK."""
    found = operations.health(Settings.from_env(), session)
    if as_json:
        print_json(found)
    else:
        _show_health(Screen(), found)
    sys.exit(0 if found.is_well else 1)


def _show_report(screen: Screen, report: Report) -> None:
    screen.say(
        f"files that {'would be' if report.dryRun else 'were'} deleted: {len(report.deletedFiles)},"
        f" compressed: {len(report.compressedFiles)}, kept: {report.keptFiles}; errors: {len(report.errors)}",
        "bad" if report.errors else "good",
    )
    screen.gap()
    screen.block(
        [
            *(("deleted", path) for path in report.deletedFiles),
            *(("compressed", path) for path in report.compressedFiles),
            *(("dropped", partition) for partition in report.droppedPartitions),
            ("trimmed", f"{report.trimmedEntries} entries of the stream"),
            ("sealed", f"{report.sealedDays} days of the record"),
            *(("error", error) for error in report.errors),
        ]
    )
    screen.gap()
    if report.errors:
        screen.next("mend the errors; what failed is tried again at the next run")
    else:
        screen.next("without --dry-run it is done" if report.dryRun else NOTHING_TO_DO)


def _show_health(screen: Screen, found: HealthReport) -> None:
    checks = {"logging": found.logging, "replay": found.replay}
    bad = sum(one.status != "OK" for one in checks.values())
    if bad:
        screen.say(f"not well: {bad} of {len(checks)} checks", "warn")
    else:
        screen.say(f"all is well: {len(checks)} checks", "good")
    screen.gap()
    for name, one in checks.items():
        screen.say(one.message, _STYLES.get(one.status, "bad"), mark=f"{name:8} {one.status:6} ")
    screen.gap()
    screen.next("mend what is WARN or ERROR" if bad else NOTHING_TO_DO)


for _name, _command in commands.commands.items():
    main.add_command(_command, _name)
main.add_command(diff)

if __name__ == "__main__":
    main()
