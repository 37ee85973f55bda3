"""Which alerts are recorded but not told: because another one that fires says the same already. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from guard.model.alerts import Alert
from guard.model.check_figures import OF_ENGINES
from guard.model.counting import whole
from guard.model.rules import Check, Rule, Rules


def is_muted(
    alert: Alert, firing: Iterable[Alert], rules: Rules, quiet: frozenset[str] = frozenset()
) -> bool:
    """Whether one of the rules that its own names under `unless` fires for the same subject.

    An alert about a whole engine and one about a part of it are about the same; what all engines share is about each of
    them. One of a category that is snoozed mutes nothing: it tells nothing itself.
    """
    rule = rules.rule.get(alert.rule)
    loud = (one for one in firing if rule and one.rule in rule.unless and one.category not in quiet)
    return any((alert.engine and is_shared(rules.rule.get(one.rule))) or _same(one, alert) for one in loud)


def is_shared(rule: Rule | None) -> bool:
    """Whether a rule is about Redis, a journal, a disk: what is no engine's own."""
    return isinstance(rule, Check) and rule.figure not in OF_ENGINES


def _same(one: Alert, other: Alert) -> bool:
    if one.engine != other.engine:
        return False
    return one.subject == other.subject or _is_whole(one) or _is_whole(other)


def _is_whole(alert: Alert) -> bool:
    return alert.subject == whole(alert.engine)
