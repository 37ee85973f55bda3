"""A rule of the guard as PromQL, over what the guard exports: each breach is a series with the subject's labels. Pure.

What Prometheus cannot know as the guard does: counts of a window are extrapolated to its ends, and a window holds at
least four scrapes of 15 seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deploy.prometheus.selecting import matchers, names, selected
from guard.exported_checks import CHECKS
from guard.exporting import in_base, seconds_of
from guard.model.rules import Absent, Burn, Check, Measured, Rule, Threshold
from signaltape.errors import SettingsError

MEASURED, REQUESTS = "signaltape_guard_measured_seconds", "signaltape_guard_requests_total"
SEEN, READ = "signaltape_guard_measured_timestamp_seconds", "signaltape_guard_read_timestamp_seconds"
LAST = "signaltape_guard_last_seconds"
#: Four scrapes: a rate needs two samples, and one may be missed.
LEAST_WINDOW = timedelta(minutes=1)
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "worst": 1.0}
_PERCENT = 0.01


def expression(rule: Rule) -> str:
    """When a rule is breached. Raises SettingsError, naming the rule, for what is not exported."""
    match rule:
        case Threshold() if rule.value.startswith("share_"):
            return _share(rule)
        case Threshold():
            return _threshold(rule)
        case Burn():
            return "\nor\n".join(f"({pair})" for pair in _burns(rule))
        case Absent():
            return _absent(rule)
        case Check():
            check = CHECKS[rule.figure]
            return f"max by (subject) ({check.name}) {beyond(rule, check.factor)}"


def by(rule: Measured) -> str:
    """The labels that tell the subjects of a rule apart."""
    return "engine" if rule.by == "engine" else "engine, name"


def beyond(rule: Threshold | Check, factor: float) -> str:
    """The comparison with the limit, in the base unit."""
    if rule.alert_above is not None:
        return f"> {number(in_base(rule.alert_above, factor))}"
    assert rule.alert_below is not None, "the file was read"
    return f"< {number(in_base(rule.alert_below, factor))}"


def number(value: float) -> str:
    """Without a point that says nothing."""
    return f"{value:.12g}"


def within(window: timedelta) -> str:
    """A window as PromQL has it, of four scrapes at least."""
    return span(max(window, LEAST_WINDOW))


def span(length: timedelta) -> str:
    """A length of time as PromQL has it: `5m`, in the largest unit that it is a whole number of."""
    seconds = int(length.total_seconds())
    units = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    return next(f"{seconds // unit}{name}" for name, unit in units if seconds % unit == 0)


def _threshold(rule: Threshold) -> str:
    factor = _seconds(rule)
    count = selected(f"{MEASURED}_count", matchers(rule))
    enough = f"sum by ({by(rule)}) (increase({count}[{within(rule.window)}])) >= {rule.min_count}"
    return f"{figure_over(rule, within(rule.window))} {beyond(rule, factor)}\nand on ({by(rule)})\n{enough}"


def figure_over(rule: Threshold, window: str) -> str:
    """The figure that a rule holds against its limit, of each subject, in seconds."""
    if rule.value == "last":
        return f"max by ({by(rule)}) ({selected(LAST, matchers(rule))})"
    if rule.value == "mean":
        total, count = (selected(f"{MEASURED}_{part}", matchers(rule)) for part in ("sum", "count"))
        return (
            f"sum by ({by(rule)}) (rate({total}[{window}])) / sum by ({by(rule)}) (rate({count}[{window}]))"
        )
    buckets = f"rate({selected(f'{MEASURED}_bucket', matchers(rule))}[{window}])"
    return f"histogram_quantile({_QUANTILES[rule.value]:g}, sum by (le, {by(rule)}) ({buckets}))"


def _share(rule: Threshold) -> str:
    bad = _increase(rule, rule.window, f'status="{rule.value.removeprefix("share_")}"')
    every = _increase(rule, rule.window)
    parts = [f"{bad} / {every} {beyond(rule, _PERCENT)}", f"{every} >= {rule.min_count}"]
    if rule.min_bad:
        parts.append(f"{bad} >= {rule.min_bad}")
    return f"\nand on ({by(rule)})\n".join(parts)


def _increase(rule: Measured, window: timedelta, *more: str) -> str:
    _only_http(rule)
    return f"sum by ({by(rule)}) (increase({selected(REQUESTS, [*names(rule), *more])}[{within(window)}]))"


def recorded(rule: Burn, what: str, window: timedelta) -> str:
    """The name of what is recorded of an objective: `requests` or `bad` of a window."""
    return f"{'engine' if rule.by == 'engine' else 'name'}:signaltape_slo_{what}:increase{span(window)}"


def records(rule: Burn) -> Iterator[tuple[str, str]]:
    """Names and expressions of what the windows of an objective are recorded as, the shortest first."""
    for window in sorted({one for _, long, short in rule.windows for one in (long, short)}):
        bad, every = counts(rule, window)
        yield recorded(rule, "requests", window), every
        yield recorded(rule, "bad", window), bad


def counts(rule: Burn, window: timedelta) -> tuple[str, str]:
    """How many were bad in a window, and how many there were."""
    if rule.slow_above is None:
        return _increase(rule, window, f'status="{rule.bad}"'), _increase(rule, window)
    limit = str(in_base(rule.slow_above, _seconds(rule)))  # as the bucket's bound is written
    count, fast = (
        f"sum by ({by(rule)}) (increase({selected(f'{MEASURED}_{part}', some)}[{span(window)}]))"
        for part, some in (("count", matchers(rule)), ("bucket", matchers(rule, f'le="{limit}"')))
    )
    return f"{count} - {fast}", count


def _burns(rule: Burn) -> Iterator[str]:
    """Each pair of windows: both burn faster than the factor, and the long one has enough to say so."""
    slo = f'{{slo="{rule.name}"}}'
    for factor, long, short in rule.windows:
        limit = number(factor * (100 - rule.objective) * _PERCENT)
        fast = [
            f"{recorded(rule, 'bad', one)}{slo} / {recorded(rule, 'requests', one)}{slo} > {limit}"
            for one in (long, short)
        ]
        enough = f"{recorded(rule, 'requests', long)}{slo} >= {rule.min_count}"
        yield "\nand\n".join([*fast, enough, f"{recorded(rule, 'bad', long)}{slo} >= {rule.min_bad}"])


def _absent(rule: Absent) -> str:
    """As of the moment up to which the guard has read the tape: one that is behind must not take that for silence."""
    seen = f"max by ({by(rule)}) ({selected(SEEN, matchers(rule))})"
    silent_s, within_s = (int(length.total_seconds()) for length in (rule.silent, rule.within))
    return f"(scalar(max({READ})) - {seen}) >= {silent_s} <= {within_s}"


def _seconds(rule: Threshold | Burn) -> float:
    factor = seconds_of(rule.figure)
    if factor is None:
        raise SettingsError(
            f"rule.{rule.name}: figure {rule.figure} is no time, so Prometheus has no buckets of it"
        )
    return factor


def _only_http(rule: Measured) -> None:
    if rule.of != "http":
        raise SettingsError(f"rule.{rule.name}: of {rule.of}: requests are counted of http alone")
