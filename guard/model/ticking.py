"""One evaluation of all rules: what becomes of every alert, and what is told. Pure: all state goes in, and comes out.

Whoever runs it writes down the alerts and puts the messages into the outbox, in one transaction; then a run that is cut
anywhere and goes on from what was written says the same as one that was not.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from guard.model.alerts import Alert, Step
from guard.model.counting import is_counted
from guard.model.deciding import ended_by_its_rule, is_due, step
from guard.model.evaluating import evaluate
from guard.model.findings import Finding
from guard.model.memory import Memory
from guard.model.muting import is_muted
from guard.model.rules import Rule, Rules


class Message(Struct, frozen=True):
    """What is told at once: alerts of one category. key: the same for the same, so that it is told once."""

    kind: Literal["firing", "resolved"]
    category: str
    alerts: tuple[Alert, ...]

    @property
    def key(self) -> str:
        """Of its alerts and how often each was told."""
        told = "\n".join(sorted(f"{one.id}:{one.told}" for one in self.alerts))
        return f"guard:{self.kind}:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


class Ticked(Struct, frozen=True):
    """What an evaluation came to.

    alerts: those to be written, as they stand now; of them `began` fire since now. withdrawn: ids of what was pending,
    and came to nothing. findings: of each rule in force.
    """

    alerts: tuple[Alert, ...]
    withdrawn: tuple[uuid.UUID, ...]
    messages: tuple[Message, ...]
    findings: dict[str, list[Finding]]
    began: tuple[Alert, ...] = ()

    @property
    def resolved(self) -> tuple[Alert, ...]:
        """Those that are over since now."""
        return tuple(one for one in self.alerts if one.state == "resolved")

    def still_open(self, known: Iterable[Alert]) -> list[Alert]:
        """What is open behind it. known: what was before."""
        changed = {one.id for one in self.alerts} | set(self.withdrawn)
        untouched = [one for one in known if one.id not in changed]
        return [*untouched, *(one for one in self.alerts if one.state != "resolved")]


def tick(
    rules: Rules, memory: Memory, known: Iterable[Alert], snoozes: Mapping[str, datetime], now: datetime
) -> Ticked:
    """Evaluate all rules. known: what is open. snoozes: categories that are quiet, and until when."""
    memory.forget(now)
    before = {one.key: one for one in known}
    findings = {name: evaluate(rule, memory, now) for name, rule in rules.rule.items()}
    steps = list(_steps(rules, findings, before, now))
    after = [made.alert for _, made in steps if made.alert is not None]
    quiet = frozenset(category for category, until in snoozes.items() if until > now)
    messages = tuple(_messages(rules, after, quiet, now))
    told = {one.key: one for one in _told_by_others(after, rules, quiet, now)}
    told |= {one.key: one for message in messages for one in message.alerts}
    stand = [told.get(one.key, one) for one in after]
    return Ticked(
        alerts=tuple(one for one in stand if one != before.get(one.key)),
        withdrawn=tuple(was.id for was, made in steps if was is not None and made.alert is None),
        messages=messages,
        findings=findings,
        began=tuple(
            told.get(made.alert.key, made.alert) for _, made in steps if made.what == "fire" and made.alert
        ),
    )


def _steps(
    rules: Rules,
    findings: Mapping[str, list[Finding]],
    before: Mapping[tuple[str, str], Alert],
    now: datetime,
) -> Iterator[tuple[Alert | None, Step]]:
    """Of each rule and subject that is measured or open: what was, and what becomes of it."""
    for name, rule in rules.rule.items():
        found = {one.subject: one for one in findings[name]}
        open_ones = (subject for of, subject in before if of == name)
        for subject in dict.fromkeys((*found, *open_ones)):
            was = before.get((name, subject))
            yield was, step(was, found.get(subject), rule, now, rules.repeat)
    for was in before.values():
        if was.rule not in rules.rule:
            yield was, ended_by_its_rule(was, now)


def _messages(rules: Rules, alerts: list[Alert], quiet: frozenset[str], now: datetime) -> Iterator[Message]:
    firing = [one for one in alerts if one.state == "firing"]
    for category in sorted({one.category for one in alerts} - quiet):
        loud = [one for one in firing if one.category == category and not is_muted(one, firing, rules, quiet)]
        over = [one for one in alerts if one.category == category and one.state == "resolved" and one.told]
        if any(_cannot_wait(one, rules, now) for one in loud):
            yield Message(
                "firing", category, tuple(_told(one, now) for one in loud if is_due(one, rules.repeat, now))
            )
        if over:
            yield Message("resolved", category, tuple(over))


def _told_by_others(
    alerts: list[Alert], rules: Rules, quiet: frozenset[str], now: datetime
) -> Iterator[Alert]:
    """What looks back over hours is as good as told while another alert tells of the same: it is breached for a while
    after that is over, and is told then only if it lasts.
    """
    firing = [one for one in alerts if one.state == "firing"]
    for one in firing:
        if is_counted(rules.rule[one.rule]) and is_muted(one, firing, rules, quiet):
            yield replace(one, last_told_at=now)


def _cannot_wait(alert: Alert, rules: Rules, now: datetime) -> bool:
    """Told first only once others had the time to come along."""
    is_new = not alert.told and alert.fired_at is not None and now - alert.fired_at < rules.gather
    return not is_new and is_due(alert, rules.repeat, now)


def _told(alert: Alert, now: datetime) -> Alert:
    return replace(alert, told=alert.told + 1, last_told_at=now)


def rule_of(alert: Alert, rules: Rules) -> Rule | None:
    """The rule of an alert, if it is in force still."""
    return rules.rule.get(alert.rule)
