"""`python -m market`: what the exchanges say, on the tape; `symbols` and `providers` show how that goes."""

from __future__ import annotations

import asyncio
import signal
import time
from functools import partial

import click

from market import operations
from market.command_line import MarketGroup, json_option, metrics_option
from market.settings import MarketSettings
from market.showing import show_providers, show_symbols
from signaltape.commands.command import begin_command, usable_folder
from signaltape.errors import SettingsError
from signaltape.redis_client import redis_url
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json


@click.group(
    cls=MarketGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@metrics_option
@click.pass_context
def main(context: click.Context, metrics_port: int | None) -> None:
    """Put bars, funding and open interest on the tape. Reads SIGNALTAPE_MARKET_* and REDIS_URL.

    Runs until SIGTERM or Ctrl-C: then what is complete is told, and sent.
    """
    begin_command()
    if context.invoked_subcommand is not None:
        return
    settings = MarketSettings.from_env()
    redis_url(settings.common)
    if not settings.common.feature_event_logging:
        raise SettingsError("FEATURE_EVENT_LOGGING is not true: nothing of it would be on the tape")
    usable_folder("SIGNALTAPE_HOME", settings.common.home)
    asyncio.run(_run(settings, metrics_port))


async def _run(settings: MarketSettings, metrics_port: int | None) -> None:
    from market.running import run  # the exchanges' library takes a while: not for who only looks

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run(settings, stop, _wall_us, metrics_port)


@main.command()
@json_option
def symbols(as_json: bool) -> None:
    """Show which symbols are followed, of whom, and what cannot be."""
    found = operations.status(Settings.from_env())
    show = partial(show_symbols, Screen(), found, _wall_us())
    print_json({"symbols": found.symbols, "refused": found.refused}) if as_json else show()


@main.command(short_help="Show how every provider stands.")
@json_option
def providers(as_json: bool) -> None:
    """Show how every provider stands: connected, its breaker, its delay."""
    found = operations.status(Settings.from_env())
    show = partial(show_providers, Screen(), found, _wall_us())
    print_json({"at_us": found.at_us, "providers": found.providers}) if as_json else show()


def _wall_us() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    main()
