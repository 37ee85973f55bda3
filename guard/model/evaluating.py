"""What a rule comes to now, of each of its subjects: from what is at hand, to findings. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from guard.model.burn import Burning, burning
from guard.model.counting import is_counted
from guard.model.figures import Figure, examples, figure, share
from guard.model.findings import Checked, Finding
from guard.model.memory import Memory
from guard.model.rules import Absent, Burn, Check, Rule, Threshold

#: An alert ends only so far on the good side of its limit: a value that trembles at it neither fires nor ends.
MARGIN = 0.1
#: Where request ids are taken of, for a rule that looks at counts.
_RECENT = timedelta(minutes=5)


def evaluate(rule: Rule, memory: Memory, now: datetime) -> list[Finding]:
    """What there is to say of each subject. One of which nothing is measured any more is not among them."""
    match rule:
        case Threshold() if is_counted(rule):
            return list(_long_shares(rule, memory, now))
        case Threshold():
            return list(_thresholds(rule, memory, now))
        case Burn():
            return list(_burns(rule, memory, now))
        case Absent():
            return list(_absences(rule, memory, now))
        case Check():
            return [_checked(rule, one) for one in memory.checked(now) if one.figure == rule.figure]


def limit_of(rule: Threshold | Check) -> float:
    """The value beyond which it is breached."""
    limit = rule.alert_above if rule.alert_above is not None else rule.alert_below
    assert limit is not None, "the file was read"
    return limit


def is_beyond(rule: Threshold | Check, value: float) -> bool:
    """Whether a value is on the wrong side of the limit; the limit itself is not."""
    return value > limit_of(rule) if rule.alert_above is not None else value < limit_of(rule)


def is_well(rule: Threshold | Check, value: float) -> bool:
    """Whether a value is clear of the limit by a margin."""
    limit = limit_of(rule)
    if rule.alert_above is not None:
        return value <= limit - MARGIN * abs(limit)
    return value >= limit + MARGIN * abs(limit)


def _thresholds(rule: Threshold, memory: Memory, now: datetime) -> Iterator[Finding]:
    for subject, slots in memory.slots(rule, rule.window, now).items():
        yield _held(rule, subject, figure(rule.value, slots), slots[0].engine, examples(slots))


def _long_shares(rule: Threshold, memory: Memory, now: datetime) -> Iterator[Finding]:
    recent = memory.slots(rule, _RECENT, now)
    for subject, engine in memory.subjects(rule):
        good, bad = memory.sums(rule, subject, rule.window, now)
        yield _held(rule, subject, share(good + bad, bad), engine, examples(recent.get(subject, ())))


def _held(rule: Threshold, subject: str, found: Figure, engine: str, ids: tuple[str, ...]) -> Finding:
    """A figure held against the limit. Too few measurements say nothing, neither good nor bad."""
    value, n = found.value, found.n
    if value is None or n < rule.min_count:
        return Finding(subject, value, limit_of(rule), None, False, n, ids, engine)
    breached = is_beyond(rule, value) and found.bad >= rule.min_bad
    return Finding(subject, value, limit_of(rule), breached, is_well(rule, value), n, ids, engine)


def _burns(rule: Burn, memory: Memory, now: datetime) -> Iterator[Finding]:
    recent = memory.slots(rule, _RECENT, now)
    for subject, engine in memory.subjects(rule):
        pairs = burning(rule, lambda window, subject=subject: memory.sums(rule, subject, window, now))  # type: ignore[misc]
        yield _burnt(subject, pairs, engine, examples(recent.get(subject, ())))


def _burnt(subject: str, pairs: list[Burning], engine: str, ids: tuple[str, ...]) -> Finding:
    """The pair that is breached, or else the one that is nearest to it. Well if all that can be said are."""
    said = [pair for pair in pairs if pair.breached is not None]
    worst = max(said or pairs, key=_how_near)
    if not said:
        return Finding(subject, worst.rate, worst.factor, None, False, worst.n, ids, engine)
    well = all((pair.rate or 0) <= pair.factor * (1 - MARGIN) for pair in said)
    return Finding(subject, worst.rate, worst.factor, bool(worst.breached), well, worst.n, ids, engine)


def _how_near(pair: Burning) -> tuple[bool, float]:
    return bool(pair.breached), (pair.rate or 0) / pair.factor


def _absences(rule: Absent, memory: Memory, now: datetime) -> Iterator[Finding]:
    """Judged as of when the tape was read: a guard that is behind must not take that for silence."""
    until = min(now, memory.read_until) if memory.read_until else None
    for subject, (seen, engine) in memory.last_seen(rule).items():
        silent = ((until or now) - seen).total_seconds()
        if silent <= rule.within.total_seconds():
            yield _silence(rule, subject, max(silent, 0.0), until is not None, engine)


def _silence(rule: Absent, subject: str, silent_s: float, known: bool, engine: str) -> Finding:
    limit = rule.silent.total_seconds()
    breached = silent_s >= limit if known else None
    return Finding(subject, silent_s, limit, breached, known and silent_s < limit, engine=engine)


def _checked(rule: Check, one: Checked) -> Finding:
    value, limit = one.value, limit_of(rule)
    if value is None:
        return Finding(one.subject, None, limit, None, False, 0, one.examples, one.engine)
    breached, well = is_beyond(rule, value), is_well(rule, value)
    return Finding(one.subject, value, limit, breached, well, 1, one.examples, one.engine)
