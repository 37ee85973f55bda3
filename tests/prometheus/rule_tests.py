"""Unit tests of promtool, one file a rule: it does not fire before its time, it fires, and it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from deploy.prometheus.documents import alert_name
from guard.model.rules import Burn, Rule, Threshold
from tests.prometheus.rule_series import BURN_STEP, LONG_STEP, MANY, STEP, Shape, breaching, labels

Json = dict[str, Any]
_SHORT = timedelta(minutes=15)
_WORSE, _BETTER = 1.25, 0.75


def asked_of(rule: Rule) -> Iterator[Json]:
    """Everything that is asked of a rule."""
    if isinstance(rule, Burn):
        yield from _burning(rule)
        return
    shape = _shape(rule)
    yield _test(rule, shape, f"{rule.name} fires and ends", worse=_WORSE, fires=True)
    yield _test(
        rule, shape, f"{rule.name} stays quiet on the good side of its limit", worse=_BETTER, fires=False
    )
    if isinstance(rule, Threshold) and rule.min_count > 1:
        name = f"{rule.name} says nothing of a few"
        yield _test(rule, shape, name, worse=_WORSE, fires=False, many=_too_few(rule, shape.step))


def _shape(rule: Rule) -> Shape:
    """So long that its window is full, it lasts as long as it must, and is seen to be over."""
    window = rule.window if isinstance(rule, Threshold) else timedelta(0)
    step = LONG_STEP if window > timedelta(hours=1) else STEP
    margin = 8 * step + max(window, timedelta(minutes=1))
    silent = getattr(rule, "silent", timedelta(0))
    return Shape(step, _SHORT, rule.for_ + margin + silent, rule.resolve_after + margin + 4 * step)


def _too_few(rule: Threshold, step: timedelta) -> float:
    """A step, so that there are half as many in a window as are wanted."""
    return rule.min_count / (max(rule.window, timedelta(minutes=1)) / step) / 2


def _test(rule: Rule, shape: Shape, name: str, *, worse: float, fires: bool, many: float = MANY) -> Json:
    begins = shape.before + getattr(rule, "silent", timedelta(0))
    before = begins + rule.for_ - 2 * shape.step
    return _asked(rule, shape, name, breaching(rule, shape, worse=worse, many=many), [
        (before, False), (shape.before + shape.wrong, fires), (shape.whole, False),
    ])  # fmt: skip


def _burning(rule: Burn) -> Iterator[Json]:
    """Each pair of windows by itself: the bad share lasts as long as the long one, and burns no other pair."""
    allowed = (100 - rule.objective) / 100
    past = max(long for _, long, _ in rule.windows)
    for factor, long, _ in rule.windows:
        shape = Shape(BURN_STEP, past, long, timedelta(hours=7))
        for by, fires in ((_WORSE, True), (_BETTER, False)):
            name = f"{rule.name} at {factor * by:g} times for {long}"
            series = breaching(rule, shape, worse=factor * by * allowed)
            yield _asked(
                rule, shape, name, series, [(shape.before + shape.wrong, fires), (shape.whole, False)]
            )
    factor, long, _ = rule.windows[0]
    shape = Shape(BURN_STEP, past, long, BURN_STEP)
    series = breaching(
        rule, shape, worse=factor * _WORSE * allowed, many=rule.min_count / (long / BURN_STEP) / 2
    )
    yield _asked(rule, shape, f"{rule.name} says nothing of a few", series, [(shape.before + long, False)])


def _asked(
    rule: Rule, shape: Shape, name: str, series: list[Any], moments: list[tuple[timedelta, bool]]
) -> Json:
    alert = alert_name(rule.name)
    of = {
        "alertname": alert,
        "alertstate": "firing",
        "category": rule.category,
        "rule": rule.name,
        **labels(rule),
    }
    firing = "ALERTS{" + ", ".join(f'{label}="{value}"' for label, value in sorted(of.items())) + "}"
    return {
        "name": name,
        "interval": f"{int(shape.step.total_seconds())}s",
        "input_series": [one._asdict() for one in series],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{alert}", alertstate="firing"}}',
                "eval_time": f"{int(moment.total_seconds())}s",
                "exp_samples": [{"labels": firing, "value": 1}] if fires else [],
            }
            for moment, fires in moments
        ],
    }
