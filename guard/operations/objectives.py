"""All that a person wants to know of the objectives at one glance: budgets, alerts, every rule with its value now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from guard.model.aims import aim, objective
from guard.model.alerts import ENDED
from guard.model.rules import Burn, Rule, Rules
from guard.model.values import bare_value, number, said_value
from guard.operations import Listed, ShownAlert, ShownBudget, Snooze, budgets, listed
from guard.rules_file import rules_in_force
from signaltape.clock import show
from signaltape.errors import SettingsError, Unavailable
from signaltape.settings import Settings
from sink.db import connect, database_url, rows_as_dicts
from sink.plain_errors import plain_errors
from sink.queries import load

_SQL = load(Path(__file__).parent.parent / "sql" / "shown.sql")
State = Literal["OK", "WARN", "ERROR"]
#: Of rules and subjects no more is shown: the page must stay light.
_MOST_VALUES = 2000


class AlertSaid(Struct, frozen=True, kw_only=True):
    """An alert with the words of its rule. said: its value, with the limit; ended: why it is over, if it is."""

    alert: ShownAlert
    what: str
    said: str
    costs: str
    do: str
    runbook: str
    ended: str


class BudgetSaid(Struct, frozen=True, kw_only=True):
    """An error budget in words. left: the share that is left, below 0 if overspent; None: nothing was measured."""

    rule: str
    what: str
    aim: str
    subject: str
    left: float | None
    said: str
    more: str


class ValueNow(Struct, frozen=True, kw_only=True):
    """What a rule came to, of one subject. state: `unsaid` where too little was measured."""

    subject: str
    value: float | None
    limit: float | None
    said: str
    state: Literal["well", "breached", "unsaid"]
    n: int
    at: datetime


class RuleSaid(Struct, frozen=True, kw_only=True):
    """A rule in force. values: what it came to last, the worst first; none where nothing it is about was measured."""

    rule: str
    category: str
    what: str
    aim: str
    values: list[ValueNow]


class Objectives(Struct, frozen=True, kw_only=True):
    """How the objectives stand. says: the headline; why: what to do about it, if there is anything."""

    state: State
    says: str
    why: str
    evaluated_at: datetime | None
    budgets: list[BudgetSaid]
    open: list[AlertSaid]
    over: list[AlertSaid]
    snoozes: list[Snooze]
    rules: list[RuleSaid]


@plain_errors()
def objectives(
    settings: Settings, now: datetime, limit: int = 20, environ: Mapping[str, str] | None = None
) -> Objectives:
    """How they stand. limit: alerts that are over. environ: names the file of rules. Raises Unavailable."""
    rules = _rules(environ)
    found = listed(settings, now, limit)
    with connect(database_url(settings), name="signaltape-guard-shown") as connection:
        rows = rows_as_dicts(connection, _SQL["values"], {"limit": _MOST_VALUES})
    state, says, why = headline(found)
    return Objectives(
        state=state,
        says=says,
        why=why,
        evaluated_at=found.evaluated_at,
        budgets=[budget_said(one, rules) for one in budgets(settings, rules, now)],
        open=[_alert_said(one, rules) for one in found.open],
        over=[_alert_said(one, rules) for one in found.over],
        snoozes=found.snoozes,
        rules=[_rule_said(rule, rows) for rule in rules.rule.values()],
    )


def _rules(environ: Mapping[str, str] | None) -> Rules:
    try:
        return rules_in_force(environ)
    except SettingsError as error:
        raise Unavailable(str(error)) from None


def headline(found: Listed) -> tuple[State, str, str]:
    """The state, what it is in a few words, and what to do."""
    firing = [one for one in found.open if one.state == "firing"]
    if found.evaluated_at is None:
        return (
            "WARN",
            "Nobody watches yet",
            "python -m guard evaluates the rules, and tells of what is beyond them",
        )
    if not found.at_work:
        since = show(found.evaluated_at)
        return "ERROR", "The guard is silent", f"Its last evaluation was {since}: start python -m guard"
    if firing:
        state: State = "ERROR" if any(one.category == "health" for one in firing) else "WARN"
        return state, f"{len(firing)} alert{'' if len(firing) == 1 else 's'} firing", ""
    return "OK", "All objectives hold", ""


def budget_said(shown: ShownBudget, rules: Rules) -> BudgetSaid:
    """A budget in words: what is left, and of how many."""
    rule, spent = rules.rule[shown.rule], shown.budget
    assert isinstance(rule, Burn)
    said, more = "not known", "nothing was measured in 30 days: that is no perfect score"
    if spent is not None:
        allowed, total = number(spent.allowed), number(spent.good + spent.bad)
        word = "slow" if rule.bad == "slow" else "bad"
        said = f"{number(100 * spent.left)} % left"
        said = said if spent.left >= 0 else f"overspent: {number(100 * spent.spent)} % used"
        more = f"{number(spent.bad)} {word}, of {allowed} that may be, of {total} in 30 days"
    return BudgetSaid(
        rule=rule.name,
        what=objective(rule),
        aim=aim(rule),
        subject=shown.subject,
        left=None if spent is None else spent.left,
        said=said,
        more=more,
    )


def _alert_said(alert: ShownAlert, rules: Rules) -> AlertSaid:
    rule = rules.rule.get(alert.rule)
    limit = "" if alert.limit_value is None else f" (limit {bare_value(rule, alert.limit_value)})"
    return AlertSaid(
        alert=alert,
        what=alert.rule if rule is None else rule.what,
        said=said_value(rule, alert.value) + limit,
        costs="" if rule is None else rule.costs,
        do="" if rule is None else rule.do,
        runbook="" if rule is None else rule.runbook,
        ended=ENDED.get(alert.ended or "", ""),
    )


def _rule_said(rule: Rule, rows: list[dict[str, Any]]) -> RuleSaid:
    values = [_value_now(rule, row) for row in rows if row["rule"] == rule.name]
    order = {"breached": 0, "unsaid": 2}
    values.sort(key=lambda one: (order.get(one.state, 1), one.subject))
    return RuleSaid(rule=rule.name, category=rule.category, what=rule.what, aim=aim(rule), values=values)


def _value_now(rule: Rule, row: dict[str, Any]) -> ValueNow:
    states: dict[bool | None, Literal["well", "breached", "unsaid"]] = {True: "breached", False: "well"}
    return ValueNow(
        subject=row["subject"],
        value=row["value"],
        limit=row["limit_value"],
        said=bare_value(rule, row["value"]),
        state=states.get(row["breached"], "unsaid"),
        n=row["n"],
        at=row["at"],
    )
