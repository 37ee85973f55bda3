"""What becomes of an alert by one finding: pending, firing, over. One pure function, `step`.

It fires after `for` of a breach without a break, and ends after `resolve_after` of being well without a break. What
cannot be said, for a short while, is no break; for longer it is: then it was not seen to last, whatever the clock says.
So a guard that was away, or a clock that jumps, makes an alert later, never out of nothing.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from msgspec.structs import replace

from guard.model.alerts import NAMESPACE, Alert, Step
from guard.model.findings import Finding
from guard.model.rules import Rule, Threshold

#: What cannot be said for so long is no break yet; a rule of a longer window waits for that long.
PATIENCE = timedelta(minutes=1)
#: A window of a day is no reason to wait for a day.
_LONGEST_PATIENCE = timedelta(minutes=5)
#: An alert of which nothing can be said for so long ends, and says that.
GONE_AFTER = timedelta(hours=1)
#: Beyond the plan of a rules file it is told again so often.
DAILY = timedelta(days=1)


def step(
    alert: Alert | None,
    finding: Finding | None,
    rule: Rule,
    now: datetime,
    repeat: tuple[timedelta, ...] = (),
) -> Step:
    """What an evaluation makes of what was open. finding: None if there is none of its subject.

    repeat: the plan by which what fires is told again. The alert of the step is what stands behind it.
    """
    if alert is None:
        return _begun(finding, rule, now)
    known = _not_ahead(alert, now)
    after = (
        _pending(known, finding, rule, now)
        if known.state == "pending"
        else _firing(known, finding, rule, now)
    )
    if after.what == "nothing" and after.alert is not None and is_due(after.alert, repeat, now):
        return Step("repeat", after.alert)
    return after


def is_due(alert: Alert, repeat: tuple[timedelta, ...], now: datetime) -> bool:
    """Whether what fires is to be told: it never was, or the plan says so. Not while it is well, for it may
    soon be over, nor while nothing can be said of it."""
    if alert.state != "firing" or alert.well_since is not None or now - alert.seen_at > _LONGEST_PATIENCE:
        return False
    if alert.last_told_at is None:
        return True
    wait = repeat[max(alert.told - 1, 0)] if alert.told <= len(repeat) and repeat else DAILY
    return now - alert.last_told_at >= wait


def _begun(finding: Finding | None, rule: Rule, now: datetime) -> Step:
    if finding is None or not finding.breached:
        return Step("nothing", None)
    made = _made(finding, rule, now)
    return _fired_or_waiting(made, rule, now)


def _made(finding: Finding, rule: Rule, now: datetime) -> Alert:
    """An id that is the same wherever the run was cut: of rule, subject and beginning."""
    text = f"{rule.name}\x00{finding.subject}\x00{now.timestamp():.6f}"
    made = Alert(
        id=uuid.uuid5(NAMESPACE, text),
        rule=rule.name,
        category=rule.category,
        subject=finding.subject,
        engine=finding.engine,
        since=now,
        seen_at=now,
    )
    return _with(made, finding, now)


def _pending(alert: Alert, finding: Finding | None, rule: Rule, now: datetime) -> Step:
    has_gap = now - alert.seen_at > patience(rule)
    if finding is None or finding.breached is None:
        return Step("withdraw", None) if has_gap else Step("nothing", alert)
    if not finding.breached:
        return Step("withdraw", None)
    lasting = replace(alert, since=now) if has_gap else alert
    return _fired_or_waiting(_with(lasting, finding, now), rule, now)


def _fired_or_waiting(alert: Alert, rule: Rule, now: datetime) -> Step:
    if now - alert.since >= rule.for_:
        return Step("fire", replace(alert, state="firing", fired_at=now))
    return Step("pending", alert)


def _firing(alert: Alert, finding: Finding | None, rule: Rule, now: datetime) -> Step:
    if finding is None or finding.breached is None:
        return _ended(alert, now, "gone") if now - alert.seen_at > GONE_AFTER else Step("nothing", alert)
    has_gap = now - alert.seen_at > patience(rule)
    well_since = (now if has_gap else alert.well_since or now) if finding.well else None
    seen = replace(_with(alert, finding, now), well_since=well_since)
    is_over = well_since is not None and now - well_since >= rule.resolve_after
    return _ended(seen, now, "well") if is_over else Step("nothing", seen)


def ended_by_its_rule(alert: Alert, now: datetime) -> Step:
    """Its rule is not in force any more: what was pending is nothing, what fires ends."""
    return Step("withdraw", None) if alert.state == "pending" else _ended(alert, now, "rule")


def _ended(alert: Alert, now: datetime, how: str) -> Step:
    return Step("resolve", replace(alert, state="resolved", resolved_at=now, ended=how))


def _with(alert: Alert, finding: Finding, now: datetime) -> Alert:
    """As it was seen now. Request ids are kept until there are others."""
    return replace(
        alert,
        seen_at=now,
        value=finding.value,
        limit_value=finding.limit,
        examples=finding.examples or alert.examples,
    )


def patience(rule: Rule) -> timedelta:
    """How long nothing may be said of a rule without a breach's being broken."""
    window = rule.window if isinstance(rule, Threshold) else PATIENCE
    return min(max(window, PATIENCE), _LONGEST_PATIENCE)


_MOMENTS = ("since", "seen_at", "fired_at", "well_since", "last_told_at")


def _not_ahead(alert: Alert, now: datetime) -> Alert:
    """A clock that was set back: what lies ahead of it counts as of now."""
    ahead = {name: now for name in _MOMENTS if (at := getattr(alert, name)) is not None and at > now}
    return replace(alert, **ahead) if ahead else alert
