"""Good and bad of a stretch, by a rule: what error budgets and shares of long windows are summed from."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from guard.model.rules import Burn, Measured, Rule, Rules, Threshold
from guard.model.slots import Key, Slot
from signaltape.measuring.histogram import index_of

#: Up to here a share is taken of the slots at hand, beyond it of counts by the minute.
AT_HAND = timedelta(minutes=15)


def counted(rules: Rules) -> tuple[Burn | Threshold, ...]:
    """The rules whose good and bad are counted by the minute: those that burn, and shares of long windows."""
    return tuple(rule for rule in rules.rule.values() if is_counted(rule))  # type: ignore[misc]


def is_counted(rule: Rule) -> bool:
    """Whether a rule looks at counts by the minute."""
    return isinstance(rule, Burn) or (isinstance(rule, Threshold) and rule.window > AT_HAND)


def concerns(rule: Measured, key: Key) -> bool:
    """Whether a measurement is one of those that a rule is about."""
    return (
        rule.of in ("*", key.kind)
        and rule.figure in ("*", key.figure)
        and _is_named(key.name, rule.names)
        and not _is_named(key.name, rule.except_)
    )


@lru_cache(maxsize=10_000)
def _is_named(name: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def subject_of(rule: Measured, key: Key | Slot) -> str:
    """Whom a rule's finding is about: a name of an engine, or the engine as a whole."""
    return whole(key.engine) if rule.by == "engine" else named(key.name, key.engine)


def named(name: str, engine: str) -> str:
    """`GET /api/signal/<symbol> (ib-1)`; without an engine's name the name alone."""
    return f"{name} ({engine})" if engine else name


def whole(engine: str) -> str:
    """All of an engine together."""
    return f"all of {engine}" if engine else "the engine"


def good_bad(rule: Burn | Threshold, slot: Slot) -> tuple[int, int] | None:
    """How many of a stretch were good and how many bad; None if it is not this rule's, or has none to count."""
    if not concerns(rule, slot.key):
        return None
    total, bad = _counts(rule, slot)
    return (total - bad, bad) if total else None


def _counts(rule: Burn | Threshold, slot: Slot) -> tuple[int, int]:
    if isinstance(rule, Burn) and rule.slow_above is not None:
        return sum(slot.bucket_n), above(slot, rule.slow_above)
    return slot.requests, bad_of(
        rule.bad if isinstance(rule, Burn) else rule.value.removeprefix("share_"), slot
    )


def bad_of(which: str, slot: Slot) -> int:
    """Requests that ended so: `5xx`, `429`, `4xx`."""
    return {"5xx": slot.n5xx, "429": slot.n429, "4xx": slot.n4xx}[which]


def above(slot: Slot, limit: float) -> int:
    """How many values were above a limit; those in its own bucket, within 2 %, count as below."""
    last = index_of(limit)
    return sum(count for index, count in zip(slot.bucket, slot.bucket_n, strict=True) if index > last)
