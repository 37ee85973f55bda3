"""A scorecard counted by hand: plain Python and fractions over `signal_events`, and nothing of the product."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median
from typing import Any

Life = dict[str, dict[str, Any]]
LABELS = ["<0.50", "0.50-0.59", "0.60-0.69", "0.70-0.79", "0.80+"]


def lives(events: Iterable[tuple[str, str]], since: datetime, until: datetime) -> list[Life]:
    """The events (name, payload) of each signal that was published within a span, by name."""
    told: dict[str, Life] = {}
    for name, payload in events:
        fields = json.loads(payload, parse_float=Fraction, parse_int=Fraction)
        told.setdefault(fields["signal_id"], {})[name] = fields
    return [
        _as_told(life)
        for life in told.values()
        if "signal_published" in life and since <= _moment(life["signal_published"]) < until
    ]


def _as_told(life: Life) -> Life:
    """What counts of a life: the engine's own end and trigger, else the ghost's."""
    ended = {"signal_closed", "signal_invalidated"} & life.keys()
    missing = {"triggered"} if ended else {"triggered", "closed", "invalidated"}
    theirs = {
        f"signal_{what}": life[f"ghost_{what}"]
        for what in missing
        if f"ghost_{what}" in life and f"signal_{what}" not in life
    }
    by = "engine" if ended else "ghost" if theirs.keys() - {"signal_triggered"} else None
    return {**life, **theirs, "by": {"who": by}}


def _moment(published: dict[str, Any]) -> datetime:
    at = datetime.fromisoformat(published.get("ts_published") or published["ts"])
    return at if at.tzinfo else datetime.fromisoformat(f"{at.isoformat()}+07:00")


def bins(week: list[Life], round_trip_pct: Fraction = Fraction(1, 10)) -> list[dict[str, Any]]:
    """Every bin: what was counted, and the figures that follow."""
    return [
        {"label": label, **_bin([one for one in week if _bin_of(one) == place], round_trip_pct)}
        for place, label in enumerate(LABELS)
    ]


def _bin(inside: list[Life], round_trip_pct: Fraction) -> dict[str, Any]:
    closed = [one for one in inside if "signal_closed" in one]
    rest = [one for one in inside if "signal_closed" not in one]
    wins = sum(_rr(one) > 0 for one in closed)
    stopped = sum(one.get("signal_invalidated", {}).get("reason") == "sl" for one in rest)
    known = [(one, cost) for one in closed if (cost := _cost(one, round_trip_pct)) is not None]
    nets = [_rr(one) - cost for one, cost in known]
    mean_cost, mean_target = _mean([cost for _, cost in known]), _mean([_target(one) for one, _ in known])
    even = None if mean_cost is None or mean_target is None else (1 + mean_cost) / (1 + mean_target)
    return {
        "n": len(closed),
        "wins": wins,
        "sl": stopped,
        "open": sum("signal_invalidated" not in one for one in rest),
        "published": len(inside),
        "winrate": rounded(_share(wins, len(closed))),
        "winrate_all": rounded(_share(wins, len(closed) + stopped)),
        "wins_at_best": sum(_best(one) > 0 for one in closed),
        "n_net": len(known),
        "wins_net": sum(net > 0 for net in nets),
        "net_r": rounded(_mean(nets)),
        "break_even": rounded(even),
        "expectancy": rounded(_mean([_rr(one) for one in closed])),
    }


def figures(week: list[Life], round_trip_pct: Fraction = Fraction(1, 10)) -> dict[str, Any]:
    """The whole week."""
    closed = [one for one in week if "signal_closed" in one]
    outcomes = [_rr(one) for one in closed]
    misses = [((_rr(one) > 0) - _score(one)) ** 2 for one in closed]
    groups = [[one for one in closed if _bin_of(one) == place] for place in range(5)]
    gaps = [
        len(group) * ((_sum(map(_score, group)) - sum(_rr(one) > 0 for one in group)) / len(group)) ** 2
        for group in groups
        if group
    ]
    expired = sum(one.get("signal_invalidated", {}).get("reason") == "expiry" for one in week)
    nets = [_rr(one) - cost for one in closed if (cost := _cost(one, round_trip_pct)) is not None]
    lost = -_sum(r for r in outcomes if r < 0)
    return {
        "published": len(week),
        "by_engine": sum(one["by"]["who"] == "engine" for one in week),
        "by_ghost": sum(one["by"]["who"] == "ghost" for one in week),
        "closed": len(closed),
        "wins": sum(r > 0 for r in outcomes),
        "expectancy": rounded(_mean(outcomes)),
        "net_r": rounded(_mean(nets)),
        "profit_factor": rounded(_share(_sum(r for r in outcomes if r > 0), lost)),
        "trigger_rate": rounded(_share(sum("signal_triggered" in one for one in week), len(week))),
        "expiry_rate": rounded(_share(expired, len(week))),
        "target_r": rounded(_mean([_target(one) for one in closed])),
        "brier": rounded(_mean(misses)),
        "reliability": rounded(_share(_sum(gaps), len(closed)), 4),
        "median_to_trigger_ms": _median(
            one["signal_triggered"]["time_to_trigger_ms"] for one in week if "signal_triggered" in one
        ),
        "median_in_trade_ms": _median(one["signal_closed"]["time_in_trade_ms"] for one in closed),
    }


def lifts(week: list[Life]) -> dict[str, tuple[int, Fraction]]:
    """Of each layer that matched some and not all of the closed: matches, winrate(match) - winrate(all)."""
    closed = [one for one in week if "signal_closed" in one]
    found = {}
    for name in {layer for one in closed for layer in _layers(one)}:
        matching = [one for one in closed if _matches(_layers(one).get(name))]
        if matching and len(matching) < len(closed):
            found[name] = (len(matching), _winrate(matching) - _winrate(closed))
    return found


def rounded(value: Fraction | None, digits: int = 3) -> Decimal | None:
    """As NUMERIC rounds: half away from zero."""
    if value is None:
        return None
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _layers(one: Life) -> dict[str, Any]:
    return one["signal_published"].get("layers") or {}


def _matches(says: Any) -> bool:
    return (says.get("match") if isinstance(says, dict) else says) in (True, "match")


def _winrate(signals: list[Life]) -> Fraction:
    return Fraction(sum(_rr(one) > 0 for one in signals), len(signals))


def _score(one: Life) -> Fraction:
    return Fraction(one["signal_published"]["confluence_score"])


def _target(one: Life) -> Fraction:
    return Fraction(one["signal_published"]["rr"])


def _rr(one: Life) -> Fraction:
    return Fraction(one["signal_closed"]["rr_realized"])


def _best(one: Life) -> Fraction:
    best = one["signal_closed"].get("rr_best")
    return _rr(one) if best is None else max(_rr(one), Fraction(best))


def _bin_of(one: Life) -> int:
    return sum(_score(one) >= Fraction(edge, 10) for edge in (5, 6, 7, 8))


def _cost(one: Life, round_trip_pct: Fraction) -> Fraction | None:
    entry, stop = (one["signal_published"].get(name) for name in ("entry", "sl"))
    fees = one["signal_closed"].get("fees_r")
    if fees is not None:
        return Fraction(fees)
    return None if entry is None or stop is None else round_trip_pct / 100 * entry / abs(entry - stop)


def _sum(values: Iterable[Any]) -> Fraction:
    return sum(values, Fraction(0))


def _mean(values: list[Fraction]) -> Fraction | None:
    return _sum(values) / len(values) if values else None


def _share(part: Any, whole: Any) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def _median(values: Iterable[Fraction]) -> float | None:
    known = list(values)
    return float(median(known)) if known else None
