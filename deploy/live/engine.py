"""`python -m deploy.live.engine`: the demo engine's process. First the weeks before at once, then minute by minute."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.engine import run
from deploy.live.happenings import Call, Minute, minutes_of, since
from deploy.live.place import Place, keep, read
from deploy.live.relived import hurried, identified, renamed, shift_of
from signaltape import Emitter
from signaltape.clock import utc_now

#: Indicators need a day: before it there are no signals.
_WARM_UP = timedelta(days=1)
#: Of the weeks before, what is not kept for weeks is recorded for so long.
_SHORT = timedelta(days=7)
_MINUTE_S = 60.0


@click.command()
@click.option("--place", "path", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--speed", type=click.FloatRange(0, min_open=True), required=True)
@click.option("--days", type=click.IntRange(0), required=True)
def main(path: Path, speed: float, days: int) -> None:
    """Record until SIGTERM. The place is kept at PATH."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    candles = read_minutes(BTC_JANUARY)
    january = minutes_of(candles, run(candles))
    place = read(path) or _first(january[-1].end, timedelta(days=days))
    keep(path, place)
    with Emitter() as tape:
        if place.at is None:
            place = _weeks_before(tape, since(january, place.since), place)
            keep(path, place)
        else:
            click.echo("engine: goes on where it was stopped")
        _live(tape, _from(january, place), path, speed, ended)
    click.echo(f"engine: recorded {tape.stats()['accepted']} events")


def _first(end: datetime, span: timedelta) -> Place:
    now = utc_now().replace(microsecond=0)
    until = now - shift_of(now, end)
    return Place(now, until - span, until)


def _weeks_before(tape: Emitter, minutes: Sequence[Minute], place: Place) -> Place:
    """Record what was before, under the times at which it would have happened."""
    shift = place.began - place.until
    for minute in minutes:
        if minute.end > place.until:
            break
        short = minute.end <= place.until - _SHORT
        for number, call in enumerate(minute.calls):
            if call.kept or not short:
                fields = renamed(call, place.label)
                if not call.of_signal:  # who is stopped amid this does it all again
                    fields = identified(fields, place.label, minute.end, number)
                _emit(tape, call, fields, minute.end + shift)
    return msgspec.structs.replace(place, at=place.until)


def _live(
    tape: Emitter,
    steps: Iterator[tuple[Place, Minute]],
    path: Path,
    speed: float,
    ended: threading.Event,
) -> None:
    step_s = _MINUTE_S / speed
    due = time.monotonic()
    for place, minute in steps:
        due = max(due + step_s, time.monotonic() - step_s)  # what was missed is not caught up in a burst
        if ended.wait(max(0.0, due - time.monotonic())):
            return
        keep(path, place)  # first: of what a killed engine had begun nothing is recorded twice
        for call in minute.calls:
            _emit(tape, call, hurried(renamed(call, place.label), speed), None)


def _from(january: Sequence[Minute], place: Place) -> Iterator[tuple[Place, Minute]]:
    """All minutes behind a place, and January anew for ever, each with its place."""
    minutes = since(january, place.since) if place.round == 0 else january
    while True:
        for minute in minutes:
            if place.at is None or minute.end > place.at:
                yield msgspec.structs.replace(place, at=minute.end), minute
        click.echo("engine: January is over and begins anew")
        again = january[0].end + _WARM_UP
        place, minutes = msgspec.structs.replace(place, at=again, round=place.round + 1), january


def _emit(tape: Emitter, call: Call, fields: dict[str, Any], at: datetime | None) -> None:
    """at: None for now."""
    when = {} if at is None else {"ts" if call.of_signal else "timestamp": at}
    kind = () if call.kind is None else (call.kind,)
    getattr(tape, call.method)(*kind, fields, **when)


if __name__ == "__main__":
    sys.exit(main())
