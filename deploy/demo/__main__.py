"""`python -m deploy.demo`: the whole way once, engine to scorecard, on real candles."""

from __future__ import annotations

import json
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.reconcile import Counts, count_journal, count_stored, count_stream, show
from deploy.demo.steps import Step, run_step
from deploy.embedded.servers import Urls, running
from reports.commands.terminal import print_scorecard
from reports.scorecard import compute, store
from reports.weeks import whole_weeks
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command, usable_folder
from signaltape.redis_client import redis_client
from signaltape.stream import stream_key
from signaltape.terminal import Screen
from sink.command_line import PlainCommand
from sink.db import connect, database_url

console = Console()


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Record January 2022 with the demo engine and show its four weekly scorecards.

    Runs on embedded servers under SIGNALTAPE_HOME, or on those of REDIS_URL and DATABASE_URL if set.
    Running it again adds nothing: all its events are duplicates then.
    """
    begin_command()
    settings = Settings.from_env()
    usable_folder("SIGNALTAPE_HOME", settings.home)
    given = settings.redis_url, settings.database_url
    for name, url in zip(("REDIS_URL", "DATABASE_URL"), given, strict=True):
        if url is not None:
            Screen().say(f"using the server of your {name}", "warn")
    with running(
        settings.home,
        redis_url=given[0].reveal() if given[0] else None,
        database_url=given[1].reveal() if given[1] else None,
    ) as urls:
        counts = _demo(settings, urls)
    if not counts.agree:
        raise click.ClickException("the stations do not agree")


def _demo(settings: Settings, urls: Urls) -> Counts:
    environment = {
        "FEATURE_EVENT_LOGGING": "true",
        "REDIS_URL": urls.redis,
        "DATABASE_URL": urls.database,
        "REDIS_URL_FILE": "",
        "DATABASE_URL_FILE": "",
        "SIGNALTAPE_PARTITIONS": "1",
    }
    screen = Screen()
    # Each station runs as its own process and by itself, so that each can be counted.
    _run(Step("migrate", ("-m", "sink", "migrate"), None), environment)
    summary = _run_engine({**environment, "REDIS_URL": ""})
    emitted = Counter(summary["emitted"])
    total = emitted.total()
    journalled = count_journal(Path(summary["journal"]))

    key = stream_key(settings.stream, 0)
    with closing(redis_client(Secret(urls.redis))) as client:
        before, after = _length(client, key), _last_id(client, key)
        ship = ("-m", "signaltape", "ship", "--once")
        _run(Step("ship: journal to stream", ship, total, lambda: _length(client, key) - before), environment)
        streamed = count_stream(client, key, after)
        with closing(connect(database_url(Settings.from_env(environment)))) as connection:
            said = _run(
                Step(
                    "worker: stream to Postgres",
                    ("-m", "worker", "--once"),
                    total,
                    lambda: count_stored(connection, streamed.signals).total(),
                ),
                environment,
            )
            stored = count_stored(connection, streamed.signals)
            counts = Counts(emitted, journalled, streamed.distinct, stored)
            minutes = read_minutes(BTC_JANUARY)
            for week in whole_weeks(minutes[0].end, minutes[-1].end):
                card = compute(connection, week)
                store(connection, card, utc_now())
                screen.gap()
                print_scorecard(screen, card)
    screen.gap()
    show(screen, counts)
    if streamed.repeats:
        screen.say(
            f"stream: {streamed.repeats} entries came again, because Redis was restarted since they were sent"
        )
    screen.say(f"worker: {said}")
    return counts


def _run(step: Step, environment: dict[str, str]) -> str:
    return run_step(console, step, environment, lambda _line: None)


def _run_engine(environment: dict[str, str]) -> dict[str, Any]:
    def progress(line: str) -> int | None:
        said: dict[str, Any] = json.loads(line)
        return int(said["done"] * _minutes / said["total"]) if "done" in said else None

    _minutes = len(read_minutes(BTC_JANUARY))
    step = Step("engine: January 2022, 1-minute candles", ("-m", "deploy.demo.engine"), _minutes)
    summary: dict[str, Any] = json.loads(run_step(console, step, environment, progress))
    return summary


def _length(client: Any, key: str) -> int:
    return int(client.xlen(key))


def _last_id(client: Any, key: str) -> str:
    entries = client.xrevrange(key, count=1)
    return str(entries[0][0].decode()) if entries else "0-0"


if __name__ == "__main__":
    sys.exit(main())
