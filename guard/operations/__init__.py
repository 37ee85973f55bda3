"""What the guard can do for a person: settings in, structs out, errors typed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from msgspec import Struct

from guard.alert_store import remembered
from guard.checks.stored import SQL as CHECKS_SQL
from guard.checks.taking import Checks
from guard.model.burn import Budget, budget
from guard.model.check_figures import OF_ENGINES
from guard.model.counting import counted
from guard.model.evaluating import evaluate
from guard.model.findings import Checked, Finding
from guard.model.memory import Memory
from guard.model.rules import Check, Rules
from guard.remembering import remember
from guard.settings import GuardSettings
from guard.tape_store import TapeStore
from signaltape.errors import InvalidRequest, NotFound
from signaltape.settings import Settings
from sink.db import Connection, connect, database_url, rows_as_dicts
from sink.plain_errors import plain_errors
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "shown.sql")
Category = Literal["health", "performance"]
What = Literal["backup", "restore"]
#: Longer than this nobody means to be told nothing.
LONGEST_SNOOZE = timedelta(days=30)
#: A guard that has not evaluated for so long is not at work; nor is one whose clock was ahead by more when it did.
SILENT_AFTER = timedelta(seconds=60)
#: What rules came to is written down every minute.
SHOWN_FOR = timedelta(minutes=2)


class ShownAlert(Struct, frozen=True, kw_only=True):
    """An alert as it stands in its table; see `guard.model.alerts.Alert`."""

    id: UUID
    rule: str
    category: str
    subject: str
    engine: str
    state: str
    since: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    ended: str | None
    told: int
    value: float | None
    limit_value: float | None
    examples: list[str]


class Snooze(Struct, frozen=True):
    """A category of which nothing is told, until when, and who wanted that."""

    category: str
    until: datetime
    by: str


class Listed(Struct, frozen=True, kw_only=True):
    """How things stand.

    evaluated_at, by: of the last evaluation, None if there never was one; at_work: whether that was of late.
    """

    open: list[ShownAlert]
    over: list[ShownAlert]
    snoozes: list[Snooze]
    evaluated_at: datetime | None = None
    by: str | None = None
    at_work: bool = False


class ShownBudget(Struct, frozen=True, kw_only=True):
    """What is left of an error budget of 30 days. budget: None if nothing was measured: nothing can be said then."""

    rule: str
    subject: str
    objective: float
    budget: Budget | None


class RuleNow(Struct, frozen=True, kw_only=True):
    """What a rule comes to now, of each subject; none where it has no subject."""

    rule: str
    category: str
    kind: str
    findings: list[Finding]


@plain_errors()
def listed(settings: Settings, now: datetime, limit: int = 10) -> Listed:
    """Alerts that are open, and the last that are over. Raises Unavailable."""
    with _session(settings) as connection:
        state = connection.execute(_SQL["state"]).fetchone()
        evaluated_at, by = state or (None, None)
        return Listed(
            open=_alerts(connection, "open"),
            over=_alerts(connection, "over", limit=limit),
            snoozes=_snoozes(connection, now),
            evaluated_at=evaluated_at,
            by=by,
            at_work=evaluated_at is not None and abs(now - evaluated_at) <= SILENT_AFTER,
        )


@plain_errors()
def budgets(settings: Settings, rules: Rules, now: datetime) -> list[ShownBudget]:
    """The error budget of each rule that has one, of each subject. Raises Unavailable."""
    burning = {rule.name: rule for rule in rules.burns}
    with _session(settings) as connection:
        rows = rows_as_dicts(connection, _SQL["budgets"], {"now": now, "rules": list(burning)})
    found = [
        ShownBudget(
            rule=row["rule"],
            subject=row["subject"],
            objective=burning[row["rule"]].objective,
            budget=budget(burning[row["rule"]].objective, row["good"], row["bad"]),
        )
        for row in rows
    ]
    silent = burning.keys() - {one.rule for one in found}
    nothing = [
        ShownBudget(rule=name, subject="", objective=burning[name].objective, budget=None)
        for name in sorted(silent)
    ]
    return found + nothing


@plain_errors()
def snooze(settings: Settings, category: Category, until: datetime, by: str, now: datetime) -> Snooze:
    """Tell nothing of a category until then; what still fires then is told. Raises InvalidRequest, Unavailable."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise InvalidRequest(f"until must be within the next {LONGEST_SNOOZE.days} days")
    with _session(settings) as connection:
        connection.execute(_SQL["snooze"], {"category": category, "until": until, "by": by})
    return Snooze(category, until, by)


@plain_errors()
def unsnooze(settings: Settings, category: Category, now: datetime) -> None:
    """Tell of a category again. Raises NotFound if it is not snoozed, Unavailable."""
    with _session(settings) as connection:
        if not connection.execute(_SQL["unsnooze"], {"category": category, "now": now}).rowcount:
            raise NotFound(f"{category} is not snoozed")


@plain_errors()
def check(guard: GuardSettings, now: datetime) -> list[RuleNow]:
    """What every rule in force comes to now: by what was folded, by looking anew, and of engines' clocks by what the
    guard at work found last. Raises Unavailable.
    """
    rules = guard.rules
    with _session(guard.common) as connection:
        memory = Memory(rules)
        remember(TapeStore(connection, counted(rules)), memory, now)
        state = connection.execute(_SQL["state"]).fetchone()
        memory.read_until = state[0] if state else None
        memory.checks = [*_checked(guard, connection, now), *_of_engines(rules, connection, now)]
    return [
        RuleNow(
            rule=name,
            category=rule.category,
            kind=type(rule).__name__.lower(),
            findings=evaluate(rule, memory, now),
        )
        for name, rule in rules.rule.items()
    ]


@plain_errors()
def stamp(settings: Settings, what: What, at: datetime, says: str = "") -> None:
    """Note that a backup, or a trial of restoring one, succeeded. Raises Unavailable."""
    with _session(settings) as connection:
        connection.execute(CHECKS_SQL["stamp"], {"what": what, "at": at, "says": says})


def _session(settings: Settings) -> Connection:
    return connect(database_url(settings), name="signaltape-guard-shown")


def _alerts(connection: Connection, name: str, **asked: int) -> list[ShownAlert]:
    return [ShownAlert(**row) for row in rows_as_dicts(connection, _SQL[name], asked)]


def _snoozes(connection: Connection, now: datetime) -> list[Snooze]:
    return [Snooze(**row) for row in rows_as_dicts(connection, _SQL["snoozes"], {"now": now})]


def _of_engines(rules: Rules, connection: Connection, now: datetime) -> list[Checked]:
    """When an entry was made no table says: that was seen by whoever read it."""
    figures = {
        name: rule.figure
        for name, rule in rules.rule.items()
        if isinstance(rule, Check) and rule.figure in OF_ENGINES
    }
    asked = {"rules": list(figures), "since": now - SHOWN_FOR}
    rows = connection.execute(_SQL["lately"], asked)
    return [Checked(figures[rule], subject, value, engine) for rule, subject, value, engine in rows]


def _checked(guard: GuardSettings, connection: Connection, now: datetime) -> list[Checked]:
    checks = Checks(guard, remembered(connection))
    try:
        return checks.take(connection, now, 0.0)
    finally:
        checks.close()
