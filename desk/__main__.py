"""`python -m desk`: alerts, commands and buttons in Telegram; `users`: who may; `drill`: whether a panic would do."""

from __future__ import annotations

import asyncio
import logging
import signal

import click

from desk.drill_command import drill_command
from desk.settings import DeskSettings
from desk.user_commands import users_commands
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from sink.command_line import PlainGroup, metrics_option
from sink.db import database_url


@click.group(
    cls=PlainGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@metrics_option
@click.pass_context
def main(context: click.Context, metrics_port: int | None) -> None:
    """Alert, answer and obey in Telegram, until SIGTERM or Ctrl-C. Reads TELEGRAM_*, DATABASE_URL, REDIS_URL."""
    begin_command()
    logging.getLogger("aiogram").setLevel(logging.WARNING)
    if context.invoked_subcommand is not None:
        return
    settings = DeskSettings.from_env()
    database_url(settings.common)
    settings.require_token()
    asyncio.run(_run(settings, metrics_port))


async def _run(settings: DeskSettings, metrics_port: int | None) -> None:
    from desk.process import run  # Telegram's library takes seconds: not for who only enters a user

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, stop, utc_now, metrics_port)


main.add_command(users_commands)
main.add_command(drill_command)

if __name__ == "__main__":
    main()
