"""`python -m guard`: watch, and tell; `list`, `budget`, `check`, `rules`, `snooze`, `unsnooze`, `stamp`."""

from __future__ import annotations

import asyncio
import signal

import click

from guard.alert_commands import budget_command, list_command, snooze_command, stamp_command, unsnooze_command
from guard.rule_commands import check_command, rules_command
from guard.settings import GuardSettings
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from sink.command_line import PlainGroup, metrics_option


@click.group(
    cls=PlainGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--once",
    is_flag=True,
    help="Read up to the tape's end, evaluate once, then exit (exit code 1 if a server is away).",
)
@metrics_option
@click.pass_context
def main(context: click.Context, once: bool, metrics_port: int | None) -> None:
    """Watch what engines measure and signaltape itself, and tell what is wrong, once.

    Reads REDIS_URL, DATABASE_URL, SIGNALTAPE_GUARD_RULES and TELEGRAM_*. Runs until SIGTERM or Ctrl-C; a second one
    stands by.
    """
    begin_command()
    if context.invoked_subcommand is not None:
        return
    guard = GuardSettings.from_env()
    from guard.process import run_once  # what sends takes a while to load: not for who only looks

    if once:
        done = run_once(guard, utc_now)
        click.echo(
            f"read {done.entries}, of them measurements {done.measurements}; alerts: {done.open_alerts} open"
        )
    else:
        asyncio.run(_run(guard, metrics_port))


async def _run(guard: GuardSettings, metrics_port: int | None) -> None:
    from guard.process import run

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(guard, stop, utc_now, metrics_port)


for command in (
    list_command,
    budget_command,
    check_command,
    rules_command,
    snooze_command,
    unsnooze_command,
    stamp_command,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
