"""What the demo engine records in each minute of January: its candles and plans, and what it thought. Pure.

It only publishes: what becomes of its plans is told by ghosts, for each asks to be tracked.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from deploy.demo.candles import Candle
from deploy.demo.engine import BAR_MINUTES, MIN_SCORE, SYMBOL, Recorded

_HOUR_MINUTES = 60


class Call(NamedTuple):
    """One call of the Emitter. kind: of a snapshot or of the market; signal: id of the one it belongs to."""

    method: str
    fields: dict[str, Any]
    kind: str | None = None
    signal: str | None = None

    @property
    def of_signal(self) -> bool:
        """Whether it is an event of a signal, not a record."""
        return self.method in ("published", "triggered", "invalidated", "closed")

    @property
    def kept(self) -> bool:
        """Whether it is recorded of all weeks before: plans, and the market that ghosts follow them along."""
        return self.of_signal or self.method == "market"


class Minute(NamedTuple):
    """All calls at the end of one minute of the market."""

    end: datetime
    calls: list[Call]


def minutes_of(candles: Sequence[Candle], recorded: Sequence[Recorded]) -> list[Minute]:
    """What happens in each minute. candles: one a minute; recorded: the engine's events over them."""
    ends = [one.end for one in candles]
    by_minute: dict[int, list[Recorded]] = {}
    for one in (one for one in recorded if one.kind == "published"):
        by_minute.setdefault(bisect.bisect_left(ends, one.ts), []).append(one)
    return [
        Minute(candle.end, _calls(candle, by_minute.get(number, []))) for number, candle in enumerate(candles)
    ]


def since(minutes: Sequence[Minute], begin: datetime) -> list[Minute]:
    """The minutes behind `begin`, without what belongs to signals that were published before."""
    before = (call for minute in minutes if minute.end <= begin for call in minute.calls)
    old = {call.signal for call in before if call.method == "published"}
    return [
        Minute(minute.end, [call for call in minute.calls if call.signal not in old])
        for minute in minutes
        if minute.end > begin
    ]


def merged(candles: Sequence[Call]) -> Call:
    """Candles that follow each other as one."""
    first, last = candles[0].fields, candles[-1].fields
    ends = {
        "high": max(one.fields["high"] for one in candles),
        "low": min(one.fields["low"] for one in candles),
        "volume": sum(one.fields["volume"] for one in candles),
    }
    return candles[0]._replace(fields={**first, **ends, "close": last["close"]})


def _calls(candle: Candle, recorded: Sequence[Recorded]) -> list[Call]:
    calls = [_candle(candle)]
    for one in recorded:
        calls.append(Call("published", {**one.fields, "track": True}, signal=one.fields["signal_id"]))
        calls.append(_state(one.fields))
    minute = candle.end.hour * _HOUR_MINUTES + candle.end.minute
    if minute % BAR_MINUTES == 0:
        calls.append(_scoring(candle, len(recorded)))
    if minute % _HOUR_MINUTES == 0:
        services = {name: {"status": "OK"} for name in ("market", "scoring")}
        calls.append(Call("snapshot", {"services": services}, "health"))
    return calls


def _candle(candle: Candle) -> Call:
    fields = candle._asdict()
    del fields["end"]
    return Call("market", {**fields, "symbol": SYMBOL, "interval": "1m"}, "candle")


def _scoring(candle: Candle, published: int) -> Call:
    fields = {"symbol": SYMBOL, "close": candle.close, "minScore": MIN_SCORE, "signals": published}
    return Call("snapshot", {**fields, "eventType": "SCORING_UPDATE"}, "scoring")


def _state(event: dict[str, Any]) -> Call:
    signal_id, why = event["signal_id"], f"score {event['confluence_score']}"
    states = {"fromState": "WATCH", "toState": "SETUP", "reason": why}
    fields = {"symbol": SYMBOL, "eventType": "SIGNAL_PUBLISHED", **states}
    return Call("state", {**fields, "extra": {"signal_id": signal_id}}, signal=signal_id)
