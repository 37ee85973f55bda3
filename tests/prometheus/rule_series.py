"""Series that breach a rule of the guard for a while, by what the rule says and not by its PromQL.

Time is made of steps; what is wrong begins with one and ends with another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import accumulate
from typing import NamedTuple

from guard.exported_checks import CHECKS
from guard.model.rules import Absent, Burn, Check, Rule, Threshold

#: Of minutes, of a day, of the windows of an objective.
STEP, LONG_STEP, BURN_STEP = timedelta(seconds=15), timedelta(minutes=5), timedelta(minutes=2)
#: Of a longer past one step in so many is told, but for its last hours.
_SPARSE, _TOLD = 30, timedelta(hours=7)
#: A name that each rule is about, and one that it is not.
NAMES = {
    "rest-p95": "GET /api/orderflow/<symbol>",
    "signal-p95": "GET /api/signal/<symbol>",
}
ENGINE = "ib-1"
#: Requests a step: more than any rule asks for.
MANY = 1000.0
#: A measured value lies within the limit, or up to twice as high.
_TWICE = 2


class Shape(NamedTuple):
    """Well for `before`, wrong for `wrong`, well again for `after`."""

    step: timedelta
    before: timedelta
    wrong: timedelta
    after: timedelta

    @property
    def whole(self) -> timedelta:
        return self.before + self.wrong + self.after

    def steps(self) -> list[bool]:
        """Of each step whether it is wrong then."""
        lengths = (self.before, self.wrong, self.after)
        return [
            bad
            for length, bad in zip(lengths, (False, True, False), strict=True)
            for _ in range(length // self.step)
        ]


class Series(NamedTuple):
    """One, as promtool takes it."""

    series: str
    values: str


def labels(rule: Rule) -> dict[str, str]:
    """Of the alert's subject."""
    if isinstance(rule, Check):
        return {"subject": "some"}
    if isinstance(rule, Burn):
        return {"engine": ENGINE, "slo": rule.name}
    if rule.by == "engine":
        return {"engine": ENGINE}
    return {"engine": ENGINE, "name": NAMES.get(rule.name, "some")}


def breaching(rule: Rule, shape: Shape, *, worse: float, many: float = MANY) -> list[Series]:
    """worse: how far beyond the limit it is while it is wrong; below 1 it is not. many: measurements a step."""
    match rule:
        case Threshold() if rule.value.startswith("share_"):
            assert rule.alert_above is not None
            share = rule.alert_above / 100 * worse
            return _requests(rule, shape, rule.value.removeprefix("share_"), share, many)
        case Threshold():
            return _times(rule, _limit_s(rule), shape, 0.05 * worse, many)
        case Burn() if rule.slow_above is not None:
            return _times(rule, rule.slow_above / 1000, shape, worse, many)
        case Burn():
            return _requests(rule, shape, rule.bad, worse, many)
        case Absent():
            return _silences(rule, shape, worse)
        case Check():
            return [_gauge(rule, shape, worse)]


def _limit_s(rule: Threshold) -> float:
    assert rule.alert_above is not None
    return rule.alert_above / {"ms": 1000, "s": 1}[rule.unit]


def _requests(rule: Threshold | Burn, shape: Shape, status: str, share: float, many: float) -> list[Series]:
    subject = _quoted({"engine": ENGINE, "name": NAMES.get(rule.name, "some")})

    def of(status: str, a_step: Callable[[bool], float]) -> Series:
        return _total(f'signaltape_guard_requests_total{{{subject},status="{status}"}}', shape, a_step)

    return [of(status, lambda bad: many * share * bad), of("2xx", lambda bad: many * (1 - share * bad))]


def _times(rule: Threshold | Burn, limit_s: float, shape: Shape, share: float, many: float) -> list[Series]:
    """A share of all is beyond the limit while it is wrong."""
    of = {"engine": ENGINE, "figure": rule.figure, "kind": rule.of, "name": NAMES.get(rule.name, "some")}

    def total(part: str, a_step: Callable[[bool], float], **more: str) -> Series:
        return _total(f"signaltape_guard_measured_seconds_{part}{{{_quoted({**of, **more})}}}", shape, a_step)

    return [
        total("bucket", lambda bad: many * (1 - share * bad), le=str(limit_s)),
        total("bucket", lambda _: many, le=str(limit_s * _TWICE)),
        total("bucket", lambda _: many, le="+Inf"),
        total("count", lambda _: many),
    ]


def _silences(rule: Absent, shape: Shape, worse: float) -> list[Series]:
    """The tape is read on; what was measured last stands still while it is wrong (worse >= 1)."""
    of = {"engine": ENGINE, "figure": "some_ms", "kind": rule.of.replace("*", "some"), "name": "some"}
    step_s = shape.step.total_seconds()
    moments: list[float] = [0.0]
    for number, bad in enumerate(shape.steps()):
        moments.append(moments[-1] if bad and worse >= 1 else (number + 1) * step_s)
    return [
        Series(f"signaltape_guard_measured_timestamp_seconds{{{_quoted(of)}}}", _listed(moments)),
        Series("signaltape_guard_read_timestamp_seconds{}", f"0+{step_s:g}x{len(moments)}"),
    ]


def _gauge(rule: Check, shape: Shape, worse: float) -> Series:
    check = CHECKS[rule.figure]
    limit = rule.alert_above if rule.alert_above is not None else rule.alert_below
    assert limit is not None
    if rule.alert_below is not None:
        bad, good = limit / worse, limit * _TWICE
    else:
        bad, good = (limit * worse, limit / _TWICE) if limit else (float(worse > 1), 0.0)
    values = [(bad if is_bad else good) * check.factor for is_bad in shape.steps()]
    return Series(f'{check.name}{{subject="some"}}', _listed(values))


def _total(series: str, shape: Shape, a_step: Callable[[bool], float]) -> Series:
    values = list(accumulate(map(a_step, shape.steps()), initial=0.0))
    told_from = (shape.before - _TOLD) // shape.step
    return Series(
        series,
        " ".join(
            "_" if place < told_from and place % _SPARSE else f"{value:.10g}"
            for place, value in enumerate(values)
        ),
    )


def _listed(values: Iterable[float]) -> str:
    return " ".join(f"{value:.10g}" for value in values)


def _quoted(of: dict[str, str]) -> str:
    return ",".join(f'{label}="{value}"' for label, value in sorted(of.items()))
