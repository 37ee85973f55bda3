"""What engines measured, as Prometheus wants it: totals since this guard began, in seconds, in buckets of fixed bounds.

Bounds hold every limit that a rule of the guard names, so a share "above the limit" is the same there as here.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import get_args

from guard.exported_checks import CHECKS
from guard.model.alerts import Alert
from guard.model.findings import Checked
from guard.model.memory import Memory
from guard.model.rules import Burn, Category, Rule, Rules, Threshold
from guard.model.slots import Key, Slot
from signaltape.measures import Buckets, Measure, Measured, Spread, Table, one
from signaltape.measuring.histogram import index_of

LABELS = Key._fields
Labelled = dict[tuple[str, ...], float]
STATUSES = ("2xx", "3xx", "4xx", "429", "5xx")
#: Seconds, from a fast answer to a stale list.
_USUAL_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 1.5, 2.5, 10.0, 30.0, 120.0, 300.0, 900.0)
#: A figure's last word is its unit; what has another unit has no buckets.
_SECONDS_OF = {"ms": 0.001, "s": 1.0}
#: What an alert that is not over can be: told of as 0 where there is none.
_OPEN: tuple[tuple[str, ...], ...] = tuple(
    (category, state) for category in get_args(Category) for state in ("pending", "firing")
)
#: No rule looks further back for what was measured.
_SEEN_WITHIN = timedelta(days=1, hours=1)


def seconds_of(figure: str) -> float | None:
    """What one of a figure's unit is in seconds, by the figure's name: 0.001 of `latency_ms`. None: it is no time."""
    return _SECONDS_OF.get(figure.rpartition("_")[2])


def bounds(rules: Rules) -> tuple[float, ...]:
    """Of the buckets, in seconds, ascending."""
    return tuple(sorted({*_USUAL_S, *_limits_s(rules)}))


def _limits_s(rules: Rules) -> Iterator[float]:
    for rule in rules.rule.values():
        factor = seconds_of(rule.figure) if isinstance(rule, Threshold | Burn) else None
        if factor is not None:
            yield from (in_base(limit, factor) for limit in _limits(rule) if limit is not None)


def _limits(rule: Rule) -> tuple[float | None, ...]:
    match rule:
        case Burn():
            return (rule.slow_above,)
        case Threshold() if not rule.value.startswith("share_"):
            return rule.target, rule.alert_above, rule.alert_below
        case _:
            return ()


def in_base(value: float, factor: float) -> float:
    """A limit in its base unit, without the dust of floating point: 450 ms are 0.45 s."""
    return float(f"{value * factor:.12g}")


class _Total:
    """All that was measured of one key."""

    def __init__(self) -> None:
        self.n, self.sum, self.last = 0, 0.0, 0.0
        self.requests: Counter[str] = Counter()
        self.counts: defaultdict[int, int] = defaultdict(int)

    def add(self, slot: Slot) -> None:
        self.n += slot.n
        self.sum += slot.sum
        self.last = slot.last
        self.requests.update({status: getattr(slot, f"n{status}") for status in STATUSES})
        for index, count in zip(slot.bucket, slot.bucket_n, strict=True):
            self.counts[index] += count

    def spread(self, factor: float, bounds_s: Iterable[float]) -> Spread:
        """As the guard itself counts: what is in the bucket of the bound is no larger than it."""
        indexes = sorted(self.counts)
        so_far = dict(zip(indexes, accumulate(self.counts[one] for one in indexes), strict=True))
        up_to: dict[float, int] = {}
        for bound in bounds_s:
            last = index_of(bound / factor)
            up_to[bound] = max((n for index, n in so_far.items() if index <= last), default=0)
        return Spread(up_to, max(so_far.values(), default=0), self.sum * factor)


class Exported:
    """Written by the thread that guards, read by the one that is scraped."""

    def __init__(self, rules: Rules) -> None:
        self._lock = threading.Lock()
        self._bounds = bounds(rules)
        self._totals: defaultdict[Key, _Total] = defaultdict(_Total)
        self._seen: Mapping[Key, datetime] = {}
        self._checks: list[Checked] = []
        self._alerts: Counter[tuple[str, ...]] = Counter()
        self._at: datetime | None = None
        self._read_until: datetime | None = None

    def take(self, slot: Slot) -> None:
        """What was measured, once it counts."""
        with self._lock:
            self._totals[slot.key].add(slot)

    def evaluated(self, memory: Memory, alerts: Iterable[Alert], now: datetime) -> None:
        """What stands behind an evaluation. alerts: those that are open."""
        seen = {key: at for key, at in memory.seen.items() if at > now - _SEEN_WITHIN}
        found = Counter(dict.fromkeys(_OPEN, 0))
        found.update((alert.category, alert.state) for alert in alerts)
        with self._lock:
            for gone in self._totals.keys() - seen.keys():  # names come and go: else there would be ever more
                del self._totals[gone]
            self._seen, self._checks, self._alerts = seen, memory.checked(now), found
            self._at, self._read_until = now, memory.read_until

    def measures(self) -> Iterator[Measured]:
        """All of it, as it stands now."""
        with self._lock:
            return iter([*self._measured(), *self._checked(), *self._moments()])

    def _measured(self) -> Iterator[Measured]:
        spreads: dict[tuple[str, ...], Spread] = {}
        last: Labelled = {}
        others: Labelled = {}
        for key, total in self._totals.items():
            if factor := seconds_of(key.figure):
                spreads[key] = total.spread(factor, self._bounds)
                last[key] = total.last * factor
            else:
                others[key] = total.last
        yield Buckets("signaltape_guard_measured_seconds", "Times that engines measured", LABELS, spreads)
        yield Table("signaltape_guard_last_seconds", "The last of these", LABELS, last)
        yield Table(
            "signaltape_guard_last_value", "The last of what is no time, in its own unit", LABELS, others
        )
        yield self._requests()

    def _requests(self) -> Table:
        """All statuses of each endpoint from its first request on: what rises from 0 is seen to rise."""
        found: Labelled = {
            (key.name, key.engine, status): total.requests[status]
            for key, total in self._totals.items()
            if (key.kind, key.figure) == ("http", "latency_ms")
            for status in STATUSES
        }
        labels = ("name", "engine", "status")
        return Table("signaltape_guard_requests", "Requests that engines answered", labels, found, total=True)

    def _checked(self) -> Iterator[Measured]:
        for figure, check in CHECKS.items():
            values = {
                one.subject: one.value * check.factor
                for one in self._checks
                if one.figure == figure and one.value is not None
            }
            yield Measure(check.name, check.says, values, "subject")

    def _moments(self) -> Iterator[Measured]:
        seen: Labelled = {key: at.timestamp() for key, at in self._seen.items()}
        yield Table("signaltape_guard_measured_timestamp_seconds", "When it was measured last", LABELS, seen)
        yield Table(
            "signaltape_guard_open_alerts", "Alerts not over", ("category", "state"), dict(self._alerts)
        )
        if self._at is not None:
            yield one(
                "signaltape_guard_evaluated_timestamp_seconds",
                "When rules were evaluated",
                self._at.timestamp(),
            )
        if self._read_until is not None:
            yield one(
                "signaltape_guard_read_timestamp_seconds",
                "All that was on the tape then is counted",
                self._read_until.timestamp(),
            )
