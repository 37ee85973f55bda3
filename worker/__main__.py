"""`python -m worker`: run, `status`, `dead-letters`."""

from __future__ import annotations

import click

from consumer.limits import Limits
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals
from signaltape.terminal import Screen, print_json
from sink.command_line import TEXT, PlainGroup, json_option, metrics_option
from worker import operations, process
from worker.dead_letter_commands import dead_letters
from worker.status_screen import show_status

_DEFAULTS = Limits()


@click.group(
    cls=PlainGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--once", is_flag=True, help="Drain the stream, then exit (exit code 1 if a server is away).")
@click.option("--name", type=TEXT, help="Consumer name. Default: $DYNO, or machine name and a free number.")
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=_DEFAULTS.max_entries, show_default=True,
    help="Entries in one transaction at most.",
)  # fmt: skip
@click.option(
    "--max-age-ms", type=click.IntRange(0, 60_000), default=_DEFAULTS.max_age_ms, show_default=True,
    help="How long a batch may gather.",
)  # fmt: skip
@click.option(
    "--claim-idle-ms", type=click.IntRange(100, 86_400_000), default=_DEFAULTS.claim_idle_ms, show_default=True,
    help="Take over entries that another worker has held for longer.",
)  # fmt: skip
@metrics_option
@click.pass_context
def main(
    context: click.Context,
    once: bool,
    name: str | None,
    batch: int,
    max_age_ms: int,
    claim_idle_ms: int,
    metrics_port: int | None,
) -> None:
    """Move events from the Redis Stream to Postgres. Reads REDIS_URL and DATABASE_URL.

    Runs until SIGTERM or Ctrl-C: then the batch in hand is finished and acknowledged.
    """
    begin_command()
    if context.invoked_subcommand is not None:
        return
    settings = Settings.from_env()
    limits = Limits(batch, max_age_ms, claim_idle_ms, settings.stream_retention_s, settings.stream_max_bytes)
    done = process.run(settings, stop_on_signals(), limits, once=once, name=name, metrics_port=metrics_port)
    click.echo(
        f"stored {done.stored}, duplicates {done.duplicates}, conflicts {done.conflicts}, "
        f"dead letters {done.dead}"
    )


@main.command()
@json_option
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=operations.STATUS_DAYS, show_default=True,
    help="Count stored events and orphans of so many days.",
)  # fmt: skip
def status(as_json: bool, days: int) -> None:
    """Show lag, pending entries, consumers, journals, and what Postgres holds."""
    settings = Settings.from_env()
    found = operations.status(settings, utc_now(), days)
    if as_json:
        print_json(found)
    else:
        show_status(Screen(), found, settings)


main.add_command(dead_letters)


if __name__ == "__main__":
    main()
