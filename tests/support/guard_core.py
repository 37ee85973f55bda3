"""Measurements, rules and evaluations for tests of the guard's core."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from guard.model.alerts import Alert
from guard.model.memory import Memory
from guard.model.reading import read_rules
from guard.model.rules import Check, Rules, Threshold
from guard.model.slots import SLOT, Slot, begun
from guard.model.ticking import Message, Ticked, tick
from signaltape.measuring.histogram import Histogram

#: A Tuesday, 14:00 WIB.
START = datetime(2022, 1, 18, 7, tzinfo=UTC)
TICK = timedelta(seconds=10)
_WORDS = 'category = "health"\nwhat = "W"\ncosts = "C"\ndo = "D"\nrunbook = "r"\n'
THRESHOLD = (
    'kind = "threshold"\nof = "http"\nfigure = "latency_ms"\nvalue = "p95"\nunit = "ms"\ntarget = 450\n'
    'alert_above = 650\nwindow = "1m"\nfor = "5m"\nresolve_after = "5m"\nmin_count = 10\n'
)
CHECK = 'kind = "check"\nfigure = "disk_free_pct"\nunit = "%"\nalert_below = 10\nfor = "1m"\nresolve_after = "1m"\n'
BURN = (
    'kind = "burn"\nof = "http"\nfigure = "latency_ms"\nby = "engine"\nobjective = 99.9\nbad = "5xx"\n'
    'windows = [[14.4, "1h", "5m"], [6, "6h", "30m"], [1, "3d", "6h"]]\n'
)
ABSENT = 'kind = "absent"\nof = "ws"\nsilent = "3m"\nfor = "30s"\n'


def text_of_rules(plan: str = "", **tables: str) -> str:
    """A rules file of tables, each with the words that every rule needs. Names are written with _ for -."""
    return plan + "".join(
        f"\n[rule.{name.replace('_', '-')}]\n{_worded(table)}" for name, table in tables.items()
    )


def _worded(table: str) -> str:
    given = {line.partition(" ")[0] for line in table.splitlines()}
    return table + "".join(
        line for line in _WORDS.splitlines(keepends=True) if line.partition(" ")[0] not in given
    )


def rules_of(plan: str = 'gather = "1s"\n', **tables: str) -> Rules:
    """Rules in force."""
    return read_rules(text_of_rules(plan, **tables), "rules.toml")


def slot(at: datetime, values: Sequence[float], name: str = "GET /a", **more: Any) -> Slot:
    """What was measured in the slot of a moment. more: any other field; bad statuses by their name, the rest is 2xx."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    buckets = histogram.buckets()
    given: dict[str, Any] = {"kind": "http", "figure": "latency_ms", "engine": "ib-1"} | more
    if given["kind"] == "http":
        given["n2xx"] = len(values) - sum(given.get(status, 0) for status in ("n3xx", "n4xx", "n429", "n5xx"))
    return Slot(
        at=begun(at, SLOT),
        name=name,
        n=len(values),
        sum=math.fsum(values),
        worst=max(values),
        last=values[-1],
        last_at=at,
        bucket=tuple(buckets),
        bucket_n=tuple(buckets.values()),
        **given,
    )


class Guarding:
    """A guard without its process: measurements in, messages out, what is open kept as a table would.

    Everything that it keeps goes through JSON, as it would through a table.
    """

    def __init__(self, rules: Rules, now: datetime = START) -> None:
        self.rules, self.now = rules, now
        self.memory = Memory(rules)
        self.open: dict[tuple[str, str], Alert] = {}
        self.snoozes: dict[str, datetime] = {}
        self.messages: list[tuple[datetime, Message]] = []
        self.ended: list[Alert] = []

    def take(self, *slots: Slot) -> None:
        """Measurements arrive, just before the next evaluation."""
        for one in slots:
            self.memory.take(one)
            self.memory.lateness.take(one.engine, self.now + TICK, one.last_at)

    def tick(self, after: timedelta = TICK) -> Ticked:
        """Time passes, and all rules are evaluated."""
        self.now += after
        self.memory.read_until = self.now
        ticked = tick(self.rules, self.memory, self.open.values(), self.snoozes, self.now)
        self._store(ticked)
        return ticked

    def _store(self, ticked: Ticked) -> None:
        self.messages += ((self.now, message) for message in ticked.messages)
        for alert in msgspec.json.decode(msgspec.json.encode(ticked.alerts), type=list[Alert]):
            self.open[alert.key] = alert
            if alert.state == "resolved":
                self.ended.append(self.open.pop(alert.key))
        self.open = {key: one for key, one in self.open.items() if one.id not in ticked.withdrawn}

    def run(self, values: Iterable[float | None], name: str = "GET /a", each: int = 20) -> None:
        """So many evaluations, before each of which `each` equal values were measured; None: nothing was."""
        for value in values:
            if value is not None:
                self.take(slot(self.now, [value] * each, name))
            self.tick()

    @property
    def told(self) -> list[tuple[float, str, str]]:
        """Seconds since the start, what is told, of which rule: of each alert in each message."""
        return [
            ((at - START).total_seconds(), message.kind, alert.rule)
            for at, message in self.messages
            for alert in message.alerts
        ]


def threshold(rules: Rules, name: str = "slow") -> Threshold:
    """One of them, as what it is."""
    rule = rules.rule[name]
    assert isinstance(rule, Threshold)
    return rule


def check(rules: Rules, name: str = "disk") -> Check:
    """One of them, as what it is."""
    rule = rules.rule[name]
    assert isinstance(rule, Check)
    return rule
