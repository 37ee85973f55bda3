"""The demo engine: judges every bar, publishes signals, follows them. Records through the public Emitter only.

No randomness, no hindsight, nothing tuned to an outcome: whatever winrates come out are the ones shown.
"""

from __future__ import annotations

import bisect
import json
import sys
import uuid
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from deploy.demo.candles import BTC_JANUARY, Candle, read_minutes, resample
from deploy.demo.layers import Judge, Judgement
from deploy.demo.trade import Plan, walk
from signaltape import Emitter

SYMBOL = "BTC-PERP"
RULES_VERSION = "demo-1.0"
BAR_MINUTES = 15
#: A signal is published from this score on.
MIN_SCORE = Decimal("0.40")
COOLDOWN = timedelta(minutes=45)
EXPIRY = timedelta(minutes=45)
LONGEST_TRADE = timedelta(hours=4)
#: Distances from the close in ATR: entry a small pullback away, stop beyond it, target by the R multiple.
ENTRY_ATR, STOP_ATR, RR = 0.3, 1.0, 1.8
_PRICE_DIGITS = 1
_IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "demo.signaltape")


class Params(NamedTuple):
    """What can be turned: the least score, the distance of the stop in ATR, and the target as R multiple."""

    min_score: Decimal = MIN_SCORE
    stop_atr: float = STOP_ATR
    rr: float = RR


DEFAULT = Params()


class Recorded(NamedTuple):
    """One call of the emitter: the method, and its fields."""

    kind: str
    ts: datetime
    fields: dict[str, Any]


def run(minutes: list[Candle], params: Params = DEFAULT) -> list[Recorded]:
    """All that the engine would have recorded over these candles, in order of time."""
    judge = Judge(resample(minutes, BAR_MINUTES))
    return decide(judge, minutes, params, since=minutes[0].end)


def decide(judge: Judge, minutes: list[Candle], params: Params, *, since: datetime) -> list[Recorded]:
    """What it decides on the bars of `judge` that end from `since` on, each signal followed over `minutes`."""
    ends = [candle.end for candle in minutes]
    recorded: list[Recorded] = []
    free_from = since
    for index, bar in enumerate(judge.bars):
        if bar.end < free_from or not judge.ready(index):
            continue
        best = _best(judge, index, params)
        if best is None:
            continue
        free_from = bar.end + COOLDOWN
        recorded.extend(_live(judge, index, best, params, minutes, ends))
    return sorted(recorded, key=lambda one: one.ts)


def _best(judge: Judge, index: int, params: Params) -> Judgement | None:
    """The side with the higher score, if that is high enough; none when both are equal."""
    long, short = judge.judge(index, "long"), judge.judge(index, "short")
    if long.score == short.score:
        return None
    best = max(long, short, key=lambda one: one.score)
    return best if best.score >= params.min_score else None


def _live(
    judge: Judge,
    index: int,
    judgement: Judgement,
    params: Params,
    minutes: list[Candle],
    ends: list[datetime],
) -> list[Recorded]:
    """Publish one signal and follow it to its end."""
    plan = _plan(judge, index, judgement.side, params)
    signal = {
        "signal_id": str(uuid.uuid5(_IDS, f"{SYMBOL}:{plan.published.isoformat()}:{plan.side}")),
        "symbol": SYMBOL,
    }
    published = Recorded(
        "published",
        plan.published,
        {
            **signal,
            "confluence_score": judgement.score,
            "rr": plan.rr,
            "scenarios": {"primary": {"side": plan.side}},
            "expiry_minutes": EXPIRY // timedelta(minutes=1),
            "rules_version": RULES_VERSION,
            "timeframe": f"{BAR_MINUTES}m",
            "setup": "pullback",
            "entry": plan.entry,
            "sl": plan.stop,
            "tp": plan.target,
            "layers": judgement.as_fields(),
        },
    )
    bar_ends = {bar.end: number for number, bar in enumerate(judge.bars[index : index + 40], index)}

    def turned(at: datetime) -> bool:
        number = bar_ends.get(at)
        return number is not None and judge.trend_is_against(number, plan.side)

    later = minutes[bisect.bisect_right(ends, plan.published) :]
    happenings = walk(plan, later, turned)
    return [published, *(Recorded(one.kind, one.ts, {**signal, **one.fields}) for one in happenings)]


def _plan(judge: Judge, index: int, side: str, params: Params) -> Plan:
    bar, unit = judge.bars[index], judge.atr[index]
    assert unit is not None
    sign = 1 if side == "long" else -1
    entry = round(bar.close - sign * ENTRY_ATR * unit, _PRICE_DIGITS)
    stop = round(entry - sign * params.stop_atr * unit, _PRICE_DIGITS)
    target = round(entry + sign * params.rr * params.stop_atr * unit, _PRICE_DIGITS)
    return Plan(side, bar.end, entry, stop, target, params.rr, EXPIRY, LONGEST_TRADE)


def main() -> int:
    """Record January and print a summary as JSON: emitted by kind, and the journal's folder."""
    recorded = run(read_minutes(BTC_JANUARY))
    emitted: Counter[str] = Counter()
    with Emitter(strict=True) as tape:
        if not tape.enabled:
            print("recording is off: set FEATURE_EVENT_LOGGING=true", file=sys.stderr)
            return 2
        for done, one in enumerate(recorded, 1):
            if getattr(tape, one.kind)(one.fields, ts=one.ts):
                emitted[f"signal_{one.kind}"] += 1
            if done % 100 == 0 or done == len(recorded):
                print(json.dumps({"done": done, "total": len(recorded)}), flush=True)
        folder = tape.journal_folder
    print(json.dumps({"emitted": emitted, "journal": str(folder)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
