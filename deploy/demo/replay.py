"""`python -m deploy.demo.replay`: record January with its market, then play one WIB day through the engine again."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
from rich.console import Console

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.day_engine import DAY, LEAD, ReplayedDay
from deploy.demo.engine import Params
from deploy.demo.steps import Step, run_step
from deploy.embedded.servers import running
from replay.archive.layout import sessions_folder
from replay.operations.diff import SessionDiff, diff_session
from signaltape import Emitter, Settings
from signaltape.clock import WIB
from signaltape.commands.command import begin_command, usable_folder
from signaltape.terminal import Screen, left, right
from sink.command_line import PlainCommand

console = Console()
_DEFAULT_DAY = "2022-01-18"
_STREAM = "demo-replay"
#: What the engine is replayed with: first as it was, then otherwise.
_PARAMETERS = {
    "as recorded": Params(),
    "stop 1.5 ATR": Params(stop_atr=1.5),
    "target 2.5 R": Params(rr=2.5),
    "score from 0.80": Params(min_score=Decimal("0.80")),
}


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--day", default=_DEFAULT_DAY, show_default=True, help="A WIB day in January 2022, from the 5th on."
)
def main(day: str) -> None:
    """Record January with its candles, build a session of one WIB day, and replay it (FULL_DECISION) through the
    engine: once as it was, which gives the same events, and with another stop, target and threshold.
    """
    try:
        begin = datetime.fromisoformat(day).replace(tzinfo=WIB)
    except ValueError:
        raise click.BadParameter(f"a day looks like {_DEFAULT_DAY}, got {day!r}") from None
    begin_command()
    settings = Settings.from_env()
    usable_folder("SIGNALTAPE_HOME", settings.home)
    # Servers of its own: its signals are not those of the other demo.
    home = settings.home / "demo-replay"
    given = [one.reveal() if one else None for one in (settings.redis_url, settings.database_url)]
    with running(home, redis_url=given[0], database_url=given[1]) as urls:
        data = home / "archive"
        environment = {
            "FEATURE_EVENT_LOGGING": "true",
            "REDIS_URL": urls.redis,
            "DATABASE_URL": urls.database,
            "REDIS_URL_FILE": "",
            "DATABASE_URL_FILE": "",
            "SIGNALTAPE_STREAM": _STREAM,
            "SIGNALTAPE_PARTITIONS": "1",
            "SIGNALTAPE_HOME": str(home),
            "SIGNALTAPE_DATA": str(data),
            "RUN_MODE": "LIVE",
        }
        _record(environment)
        lead = _build(environment, data, begin - LEAD, begin, "market_candle")
        session = _build(environment, data, begin, begin + DAY, None)
        same = _compare(Settings.from_env({**environment, "RUN_MODE": "REPLAY"}), lead, session, begin)
    if not same:
        raise click.ClickException("the replay did not give the recorded signals")


def _record(environment: dict[str, str]) -> None:
    total = len(read_minutes(BTC_JANUARY))

    def progress(line: str) -> int | None:
        return int(json.loads(line).get("done", total))

    def silent(_line: str) -> None:
        return None

    run_step(console, Step("migrate", ("-m", "sink", "migrate"), None), environment, silent)
    engine = Step("engine: January with its market", ("-m", "deploy.demo.day_engine"), total)
    said = json.loads(run_step(console, engine, {**environment, "REDIS_URL": ""}, progress))
    for title, command in (
        ("ship: journal to stream", ("-m", "signaltape", "ship", "--once")),
        ("worker: stream to Postgres", ("-m", "worker", "--once")),
        ("archiver: stream to files", ("-m", "replay", "archive", "--once")),
    ):
        last = run_step(console, Step(title, command, None), environment, silent)
        Screen().say(f"  {last}")
    Screen().say(f"recorded {said['candles']} candles and {said['signals']} signals")


def _build(
    environment: dict[str, str], data: Path, since: datetime, until: datetime, types: str | None
) -> Path:
    command = ("-m", "replay", "build", "--from", since.isoformat(), "--to", until.isoformat())
    chosen = ("--types", types) if types else ()
    title = f"build: {since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} WIB"
    said = run_step(console, Step(title, (*command, *chosen), None), environment, lambda _line: None)
    Screen().say(f"  {said}")
    return sessions_folder(data) / said.split()[1].rstrip(":")


def _compare(settings: Settings, lead: Path, session: Path, day: datetime) -> bool:
    """Replay the day as it was and otherwise, each beside the recording. Whether the first is identical."""
    # each start of the engine would say anew that nothing it emits is recorded
    logging.getLogger("signaltape").setLevel(logging.ERROR)
    found = {name: _replayed(settings, lead, session, day, params) for name, params in _PARAMETERS.items()}
    first = next(iter(found.values()))
    screen = Screen()
    screen.gap()
    screen.say(f"the same parameters: {'✅' if first.identical else '❌'} {first.said}")
    screen.gap()
    screen.say("What if, outcomes until midnight:")
    heads = ("signals", "same", "appeared", "vanished", "other end", "R", "more R")
    screen.table(
        (left("parameters"), *map(right, heads)), [(name, *_row(one)) for name, one in found.items()]
    )
    screen.block([(name, one.said) for name, one in found.items()])
    return first.identical and first.signals.recorded > 0


def _replayed(settings: Settings, lead: Path, session: Path, day: datetime, params: Params) -> SessionDiff:
    """Feed the engine once more, let it emit what it decides, and hold that against what was recorded."""
    with Emitter(settings, strict=True) as tape:
        engine = ReplayedDay()
        engine.feed(lead)
        engine.feed(session)
        for one in engine.decide(day, params):
            getattr(tape, one.kind)(one.fields, ts=one.ts)
    return diff_session(settings, session.name)


def _row(found: SessionDiff) -> tuple[object, ...]:
    counts = found.signals
    r = (f"{counts.replayed_r:+.2f}", f"{counts.difference:+.2f}")
    return (counts.replayed, counts.same, counts.appeared, counts.vanished, counts.other_outcome, *r)


if __name__ == "__main__":
    main()
