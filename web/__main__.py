"""`python -m web`: serve the dashboard and the API; `keys`: who may ask."""

from __future__ import annotations

import asyncio
import logging

import click
import msgspec

from signaltape.commands.command import begin_command
from signaltape.control import present
from signaltape.errors import SettingsError, Unavailable
from sink.command_line import TEXT, PlainGroup
from web.http.security import is_loopback
from web.key_commands import keys_commands
from web.operations import has_keys
from web.serving import serve
from web.settings import WebSettings

log = logging.getLogger("web")


@click.group(
    cls=PlainGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--host", type=TEXT, help="Listen here. Default: SIGNALTAPE_WEB_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Default: PORT, else 8077; 0: any that is free.")
@click.pass_context
def main(context: click.Context, host: str | None, port: int | None) -> None:
    """Serve the dashboard and the HTTP API, until SIGTERM or Ctrl-C. Reads DATABASE_URL and REDIS_URL."""
    begin_command()
    if context.invoked_subcommand is not None:
        return
    settings = WebSettings.from_env()
    if host is not None:
        settings = msgspec.structs.replace(settings, host=host)
    if port is not None:
        settings = msgspec.structs.replace(settings, port=port)
    _refuse_open_doors(settings)
    _serve(settings)


main.add_command(keys_commands)


def _refuse_open_doors(settings: WebSettings) -> None:
    """Others may reach this machine only where keys are asked for. Raises SettingsError."""
    if is_loopback(settings.host):
        return
    try:
        there = has_keys(settings.common)
    except Unavailable:
        log.warning("whether there are API keys is not known while Postgres is away: all need one")
        return
    if not there:
        raise SettingsError(
            f"without an API key only 127.0.0.1 is served, not {settings.host}: "
            "make one with python -m web keys create NAME --scope read"
        )


def _serve(settings: WebSettings) -> None:
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        with present(settings.common, "web"):
            asyncio.run(serve(settings, click.echo))
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"cannot listen on {settings.host}:{settings.port}: {reason}") from None


if __name__ == "__main__":
    main()
