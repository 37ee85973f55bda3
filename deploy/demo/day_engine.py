"""The demo engine as one that starts anew every WIB day, from candles alone: live, or fed by a replay.

Live it records the market and its signals; with RUN_MODE=REPLAY the same code is fed by `ReplayFeed` instead, and what
it emits is kept apart.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.demo.candles import BTC_JANUARY, Candle, read_minutes, resample
from deploy.demo.engine import BAR_MINUTES, DEFAULT, SYMBOL, Params, Recorded, decide
from deploy.demo.layers import Judge
from signaltape import Emitter
from signaltape.clock import WIB
from signaltape.replay import Mode, ReplayEvent, ReplayFeed

#: Indicators begin so long before the day.
LEAD = timedelta(days=3)
DAY = timedelta(days=1)
_IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "day.demo.signaltape")


def decide_day(candles: list[Candle], day: datetime, params: Params, later: list[Candle]) -> list[Recorded]:
    """What is decided on one day. candles: of the day and its lead; later: all over which signals are followed."""
    recorded = decide(Judge(resample(candles, BAR_MINUTES)), later, params, since=day)
    return [_own(one) for one in recorded]


def _own(one: Recorded) -> Recorded:
    """The same with an id of this engine, so that it never meets those of the other demo."""
    signal_id = str(uuid.uuid5(_IDS, one.fields["signal_id"]))
    return one._replace(fields={**one.fields, "signal_id": signal_id})


class ReplayedDay:
    """The engine fed by a replay: first the candles that lead up to the day, then the day itself."""

    def __init__(self) -> None:
        self.candles: list[Candle] = []

    def on_candle(self, event: ReplayEvent) -> None:
        """Take one candle."""
        data = event.data
        self.candles.append(
            Candle(event.ts, *(data[name] for name in ("open", "high", "low", "close", "volume")))
        )

    def feed(self, folder: Path) -> None:
        """Play a session's market, as fast as possible."""
        ReplayFeed(folder, mode=Mode.FULL_DECISION).on("MARKET_CANDLE", self.on_candle).run()

    def decide(self, day: datetime, params: Params = DEFAULT) -> list[Recorded]:
        """What the engine decides with all candles that it was fed."""
        return decide_day(self.candles, day, params, self.candles)


def _days(minutes: list[Candle]) -> Iterator[tuple[datetime, list[Candle]]]:
    """Every whole WIB day with its candles and those of its lead."""
    day = (minutes[0].end + LEAD).astimezone(WIB).replace(hour=0, minute=0) + DAY
    while day + DAY <= minutes[-1].end:
        yield day, [one for one in minutes if day - LEAD <= one.end < day + DAY]
        day += DAY


def _candle_fields(candle: Candle) -> dict[str, Any]:
    at = candle.end.isoformat()
    return {
        **candle._asdict(),
        "id": str(uuid.uuid5(_IDS, f"{SYMBOL}:{at}")),
        "timestamp": at,
        "symbol": SYMBOL,
        "interval": "1m",
    }


def main() -> int:
    """Record January, market and signals, and print a summary as JSON."""
    minutes = read_minutes(BTC_JANUARY)
    signals = 0
    with Emitter(strict=True) as tape:
        if not tape.enabled:
            print("recording is off: set FEATURE_EVENT_LOGGING=true", file=sys.stderr)
            return 2
        for done, candle in enumerate(minutes, 1):
            fields = _candle_fields(candle)
            del fields["end"]
            tape.market("candle", fields)
            if done % 1000 == 0 or done == len(minutes):
                print(json.dumps({"done": done}), flush=True)
        for day, candles in _days(minutes):
            later = [one for one in minutes if one.end >= day]
            for one in decide_day(candles, day, DEFAULT, later):
                getattr(tape, one.kind)(one.fields, ts=one.ts)
                signals += one.kind == "published"
    print(json.dumps({"candles": len(minutes), "signals": signals}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
