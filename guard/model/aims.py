"""What a rule aims at and when it rings, in one line for a person. Pure."""

from __future__ import annotations

from datetime import timedelta

from guard.model.rules import Absent, Burn, Check, Rule, Threshold
from guard.model.spans import written
from guard.model.values import with_unit

_BAD = {"5xx": "without a server error", "429": "not turned away (429)"}
_SHARES = {"share_5xx": "5xx", "share_429": "429", "share_4xx": "4xx"}


def aim(rule: Rule) -> str:
    """`p95 at most 450 ms; rings above 650 ms for 5 min`."""
    match rule:
        case Threshold():
            what = _SHARES.get(rule.value, rule.value)
            return f"{what} {_target(rule)}rings {_beyond(rule)}{_of_window(rule)}{_lasting(rule.for_)}"
        case Burn():
            return f"{rule.objective:g} % {_good(rule)} in 30 days; rings at {_rates(rule)}"
        case Absent():
            return f"rings after {written(rule.silent)} of nothing"
        case Check():
            return f"{_target(rule)}rings {_beyond(rule)}{_lasting(rule.for_)}"


def objective(rule: Burn) -> str:
    """`99 % without errors`: what is to be good, in a few words."""
    return f"{rule.objective:g} % {'fast enough' if rule.bad == 'slow' else 'without errors'}"


def _target(rule: Threshold | Check) -> str:
    if rule.target is None:
        return ""
    return f"at {'most' if rule.alert_above is not None else 'least'} {with_unit(rule.target, rule.unit)}; "


def _beyond(rule: Threshold | Check) -> str:
    if rule.alert_above is not None:
        return f"above {with_unit(rule.alert_above, rule.unit)}"
    return f"below {with_unit(rule.alert_below or 0, rule.unit)}"


def _of_window(rule: Threshold) -> str:
    """A window that is longer than what must last is worth a word: a day's share, for one."""
    return f" within {written(rule.window)}" if rule.window > max(rule.for_, timedelta(minutes=15)) else ""


def _lasting(length: timedelta) -> str:
    return f" for {written(length)}" if length else ""


def _good(rule: Burn) -> str:
    return _BAD.get(rule.bad) or f"within {with_unit(rule.slow_above or 0, rule.figure.rpartition('_')[2])}"


def _rates(rule: Burn) -> str:
    return ", ".join(f"{factor:g}× for {written(long)}" for factor, long, _ in rule.windows)
