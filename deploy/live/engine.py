"""`python -m deploy.live.engine`: the demo engine's process. First the weeks before at once, then minute by minute."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.engine import run
from deploy.live.happenings import Call, Minute, merged, minutes_of, since
from deploy.live.place import Place, keep, read
from deploy.live.relived import hurried, identified, renamed, shift_of
from signaltape import Emitter
from signaltape.clock import utc_now

#: Indicators need a day: before it there are no signals.
_WARM_UP = timedelta(days=1)
#: Of the weeks before, what is not kept for weeks is recorded for so long.
_SHORT = timedelta(days=7)
_MINUTE_S = 60


class Pace(NamedTuple):
    """How fast January goes by: so many of its minutes are one bar of so many seconds.

    Bars lie end to end on whole seconds, and a plan is published at the end of one: what follows it along sees the next
    whole. So nothing is shorter than a second, and at more than 60 minutes a minute several are one bar.
    """

    minutes: int
    bar_s: int

    @property
    def speed(self) -> float:
        """Minutes of the market in a minute."""
        return self.minutes * _MINUTE_S / self.bar_s

    @property
    def interval(self) -> str:
        """What a bar is called."""
        return "1m" if self.bar_s == _MINUTE_S else f"{self.bar_s}s"


def pace_of(speed: float) -> Pace:
    """The pace that is next to a speed."""
    if speed > _MINUTE_S:
        return Pace(round(speed / _MINUTE_S), 1)
    return Pace(1, max(1, round(_MINUTE_S / speed)))


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
    pace = pace_of(speed)
    due, end = time.monotonic(), utc_now().replace(microsecond=0)
    for some in _together(steps, pace.minutes):
        due = max(
            due + pace.bar_s, time.monotonic() - pace.bar_s
        )  # what was missed is not caught up in a burst
        if ended.wait(max(0.0, due - time.monotonic())):
            return
        end = max(end + timedelta(seconds=pace.bar_s), utc_now().replace(microsecond=0))
        keep(path, some[-1][0])  # first: of what a killed engine had begun nothing is recorded twice
        for label, call in _calls_of(some, pace):
            _emit(tape, call, hurried(renamed(call, label), pace.speed), end)


def _together(steps: Iterator[tuple[Place, Minute]], count: int) -> Iterator[list[tuple[Place, Minute]]]:
    while some := list(islice(steps, count)):
        yield some


def _calls_of(some: Sequence[tuple[Place, Minute]], pace: Pace) -> Iterator[tuple[str, Call]]:
    """One candle of all these minutes, then all the rest, each with the label of its January."""
    calls = [(place.label, call) for place, minute in some for call in minute.calls]
    candle = merged([call for _, call in calls if call.kind == "candle"])
    yield calls[0][0], candle._replace(fields={**candle.fields, "interval": pace.interval})
    yield from ((label, call) for label, call in calls if call.kind != "candle")


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


def _emit(tape: Emitter, call: Call, fields: dict[str, Any], at: datetime) -> None:
    when = {"ts" if call.of_signal else "timestamp": at}
    kind = () if call.kind is None else (call.kind,)
    getattr(tape, call.method)(*kind, fields, **when)


if __name__ == "__main__":
    sys.exit(main())
