"""`python -m deploy.embedded -- CMD`: run CMD with embedded servers; REDIS_URL and DATABASE_URL are set for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import click

from deploy.embedded.errors import EmbeddedError
from deploy.embedded.servers import Urls, remove_data, running, stop_left_over
from signaltape import Settings
from signaltape.commands.command import begin_command, usable_folder
from sink.command_line import PlainCommand


@click.command(
    cls=PlainCommand,
    context_settings={"ignore_unknown_options": True, "help_option_names": ["-h", "--help"]},
)
@click.option("--stop", is_flag=True, help="End servers that a killed run left behind, and exit.")
@click.option("--remove", is_flag=True, help="With --stop: remove their data too.")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def main(stop: bool, remove: bool, command: tuple[str, ...]) -> None:
    """Run COMMAND with PostgreSQL and Valkey, REDIS_URL and DATABASE_URL set.

    A URL that is already set is kept, and that server is not started. Data lie under SIGNALTAPE_HOME.

    Example: python -m deploy.embedded -- python -m worker status
    """
    begin_command()
    settings = Settings.from_env()
    if stop:
        pids = stop_left_over(settings.home)
        click.echo(f"ended {len(pids)} server process(es)")
        if remove:
            remove_data(settings.home)
        return
    if not command:
        raise click.UsageError("give a command behind --, for example: -- python -m worker status")
    usable_folder("SIGNALTAPE_HOME", settings.home)
    redis, database = settings.redis_url, settings.database_url
    with running(
        settings.home,
        redis_url=redis.reveal() if redis else None,
        database_url=database.reveal() if database else None,
    ) as urls:
        code = _run(command, urls)
    sys.exit(code)


def _run(command: tuple[str, ...], urls: Urls) -> int:
    no_files = {"REDIS_URL_FILE": "", "DATABASE_URL_FILE": ""}
    environment = {**os.environ, **no_files, "REDIS_URL": urls.redis, "DATABASE_URL": urls.database}
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise EmbeddedError(f"{command[0]}: {error.strerror}") from None
    # Ctrl-C reaches the child by itself; SIGTERM is handed on. Either way the servers stop after it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    return child.wait()


if __name__ == "__main__":
    main()
