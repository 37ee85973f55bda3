"""`python -m deploy.demo.replay`: record January with its market, then play one WIB day through the engine again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.day_engine import DAY, LEAD, ReplayedDay
from deploy.demo.engine import Params, Recorded
from deploy.demo.steps import Step, run_step
from deploy.embedded.servers import running
from replay.archive.layout import sessions_folder
from signaltape import Settings
from signaltape.clock import WIB
from signaltape.commands.command import begin_command, usable_folder
from signaltape.replay.session import read_events
from signaltape.terminal import Screen, left, right
from sink.command_line import PlainCommand

console = Console()
_DEFAULT_DAY = "2022-01-18"
_STREAM = "demo-replay"


class Signal(NamedTuple):
    """A signal of the day and what became of it until midnight."""

    published: datetime
    side: str
    score: Decimal
    triggered: bool
    ended: str | None
    rr: Decimal | None


@click.command(cls=PlainCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--day", default=_DEFAULT_DAY, show_default=True, help="A WIB day in January 2022, from the 5th on."
)
def main(day: str) -> None:
    """Record January with its candles, build a session of one WIB day, and replay it (FULL_DECISION) through the
    engine: once as it was, which gives the same signals, and with another stop, target and threshold.
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
    if not _compare(lead, session, begin):
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


def _compare(lead: Path, session: Path, day: datetime) -> bool:
    """Show the day as recorded, replayed as it was, and replayed otherwise. Whether the first two are the same."""
    os.environ["RUN_MODE"] = "REPLAY"
    engine = ReplayedDay()
    engine.feed(lead)
    engine.feed(session)
    recorded = _signals(
        [(one.event.removeprefix("signal_"), one.ts, one.data) for one in _lifecycle(session)]
    )
    same = _signals(_until(engine.decide(day), day + DAY))
    screen = Screen()
    screen.gap()
    screen.say(
        f"FULL_DECISION, {len(engine.candles)} candles: {len(recorded)} signals were recorded that day"
    )
    screen.say(f"the same parameters: {'✅ identical' if same == recorded else '❌ different'}")
    others = {
        "as recorded": Params(),
        "stop 1.5 ATR": Params(stop_atr=1.5),
        "target 2.5 R": Params(rr=2.5),
        "score from 0.80": Params(min_score=Decimal("0.80")),
    }
    rows = []
    for name, params in others.items():
        found = _signals(_until(engine.decide(day, params), day + DAY))
        shared = found.keys() & recorded.keys()
        changed = sum(
            (found[one].ended, found[one].rr) != (recorded[one].ended, recorded[one].rr) for one in shared
        )
        closed = [one.rr for one in found.values() if one.rr is not None]
        cells = (len(found), len(shared), changed, len(closed), sum(rr > 0 for rr in closed))
        rows.append((name, *cells, f"{sum(closed, Decimal(0)):+.2f}"))
    screen.say("What if, outcomes until midnight:")
    heads = ("signals", "in both", "other end", "closed", "wins", "R")
    screen.table((left("parameters"), *map(right, heads)), rows)
    return same == recorded and bool(recorded)


def _lifecycle(session: Path) -> list[Any]:
    return [one for one in read_events(session) if one.event.startswith("signal_")]


def _until(recorded: Sequence[Recorded], end: datetime) -> list[tuple[str, datetime, dict[str, Any]]]:
    return [(one.kind, one.ts, one.fields) for one in recorded if one.ts < end]


def _signals(events: Sequence[tuple[str, datetime, dict[str, Any]]]) -> dict[str, Signal]:
    """What became of each signal that was published among these events."""
    found: dict[str, Signal] = {}
    for kind, ts, fields in sorted(events, key=lambda one: (one[1], one[0] != "published")):
        key = str(fields["signal_id"])
        if kind == "published":
            side = fields["scenarios"]["primary"]["side"]
            found[key] = Signal(ts, side, Decimal(str(fields["confluence_score"])), False, None, None)
        elif key in found:  # else it was published the day before
            before = found[key]
            if kind == "triggered":
                found[key] = before._replace(triggered=True)
            elif kind == "invalidated":
                found[key] = before._replace(ended=fields["reason"])
            else:
                found[key] = before._replace(
                    ended=fields["exit_reason"], rr=Decimal(str(fields["rr_realized"]))
                )
    return found


if __name__ == "__main__":
    main()
