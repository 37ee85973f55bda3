"""`python -m deploy.live`: everything runs, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import threading

import click

from deploy.embedded.servers import Urls, running
from deploy.live.processes import ROOT, commands_of
from deploy.live.scraping import tell, with_ports
from deploy.live.settled import prepare
from deploy.live.stage import WEB, Stage
from signaltape import Secret, Settings
from signaltape.commands.command import begin_command, usable_folder
from signaltape.errors import SettingsError
from signaltape.terminal import Screen
from sink.command_line import PlainCommand

ENGINE = "january"
_SPEED = 60.0
_DAYS = 31


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--speed",
    type=click.FloatRange(0, 100_000, min_open=True),
    default=_SPEED,
    show_default=True,
    help="Minutes of the market in a minute; 1 is the pace at which it was, above 60 several are one bar.",
)
@click.option(
    "--days",
    type=click.IntRange(0, 31),
    default=_DAYS,
    show_default=True,
    help="Days that are recorded at once, as what was before the first start.",
)
@click.option("--port", type=click.IntRange(0, 65_535), help="Of the dashboard. Default: PORT, else 8077.")
@click.option(
    "--metrics", is_flag=True, help="Serve the metrics of every process, and write a file for Prometheus."
)
def main(speed: float, days: int, port: int | None, metrics: bool) -> None:
    """Relive January 2022 as if it were now, until Ctrl-C: a demo engine that only publishes, ghosts, and all the rest.

    Runs on embedded servers under SIGNALTAPE_HOME/live, or on those of REDIS_URL and DATABASE_URL if set. Started
    again it goes on where it was stopped. It sends nothing to Telegram.
    """
    begin_command()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    settings = Settings.from_env()
    home = usable_folder("SIGNALTAPE_HOME", settings.home / "live")
    given = [one.reveal() if one else None for one in (settings.redis_url, settings.database_url)]
    with running(home, redis_url=given[0], database_url=given[1]) as urls:
        # Settings of its own: what it records is no business of anybody else's stream, chat or archive.
        own = Settings(
            redis_url=Secret(urls.redis),
            database_url=Secret(urls.database),
            home=home,
            stream=settings.stream,
        )
        _refuse_strangers(own)
        stage = Stage(own, _environment(urls, own), ended)
        code = _live(stage, speed, days, port, metrics)
    sys.exit(code)


def _refuse_strangers(settings: Settings) -> None:
    if others := prepare(settings, ENGINE):
        raise SettingsError(
            f"DATABASE_URL: its database holds {others} signals of other engines, and would get a demo's beside them; "
            "unset it for an embedded server"
        )


def _environment(urls: Urls, own: Settings) -> dict[str, str]:
    """Of all processes. Empty counts as not set."""
    telegram = ("TELEGRAM_BOT_TOKEN", "TELEGRAM_BOT_TOKEN_FILE", "TELEGRAM_CHAT_ID")
    return {
        **dict.fromkeys((*telegram, "REDIS_URL_FILE", "DATABASE_URL_FILE", "DATABASE_READ_URL"), ""),
        "FEATURE_EVENT_LOGGING": "true",
        "RUN_MODE": "LIVE",
        "REDIS_URL": urls.redis,
        "DATABASE_URL": urls.database,
        "SIGNALTAPE_ENGINE": ENGINE,
        "SIGNALTAPE_HOME": str(own.home),
        "SIGNALTAPE_DATA": str(own.home / "archive"),
        "SIGNALTAPE_PARTITIONS": "1",
        "SIGNALTAPE_STREAM_RETENTION_S": "3600",
    }


def _live(stage: Stage, speed: float, days: int, port: int | None, metrics: bool) -> int:
    """Run everything until it is to end. Returns the exit code."""
    screen = Screen()
    try:
        _begin(stage, screen, speed, days, port, metrics)
        stage.watch()
        dead = stage.dead
    finally:
        stored, killed = stage.end()
        if not stored:
            screen.say("not all of it is stored yet: the next start goes on with that", "warn")
        if killed:
            screen.say(f"killed, because it did not end in time: {', '.join(killed)}", "warn")
    for child in dead:
        screen.say(f"{child.name} ended by itself, and all others with it: {child.last_words}", "bad")
    screen.say("all processes have ended")
    return 1 if dead else 0


def _begin(stage: Stage, screen: Screen, speed: float, days: int, port: int | None, metrics: bool) -> None:
    commands = commands_of((ROOT / "Procfile").read_text())
    if port is not None:
        commands[WEB] = [*commands[WEB], "--port", str(port)]
    ports: list[int] = []
    if metrics:
        commands, ports = with_ports(commands, WEB)
    reports = commands.pop("reports")  # when there is something to report on
    for name, command in commands.items():
        stage.start(name, command)
    new = not stage.filled
    stage.start_engine(speed, days)
    address = stage.address()
    if address is None:
        return
    screen.say(f"signaltape is at {address}", "head")
    screen.say(f"January 2022 goes by, {speed:g} times as fast as it was; Ctrl-C ends all of it")
    screen.say(f"logs: {stage.logs}")
    if metrics:
        screen.say(f"for Prometheus: {tell(stage.home, ports, address)}")
    if new and (weeks := stage.fill()) is not None:
        screen.say(f"the weeks before are stored, with the scorecards of {weeks} whole ones")
    stage.start("reports", reports)


if __name__ == "__main__":
    main()
