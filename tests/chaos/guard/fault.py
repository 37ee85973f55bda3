"""One thing that goes wrong, the rules that must notice it, and by when. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field

from guard.model.check_figures import OF_ENGINES
from guard.model.lateness import WITHIN
from guard.model.rules import Absent, Burn, Check, Rule, Threshold
from guard.model.spans import Span

#: From what happens to an evaluation: a flush of measurements, the tape, the next tick; on a machine that is busy.
SLACK = timedelta(seconds=75)
#: An evaluation has the time at which it began, and sees what happens while it lasts.
_AN_EVALUATION = timedelta(seconds=3)
#: Figures that grow by a second a second: what they must reach first.
_AGES = ("stream_lag_s", "archive_behind_s", "outbox_overdue_s", "process_missing", "redis_away")
#: Windows of a day do not forget within the run: that these end is proven on the model.
_LASTING = (Span(hours=1),)


class Fault(Struct, kw_only=True):
    """What goes wrong, for real.

    fires: the rules that must fire, each with a part of its subject; it is healed once they have. after_s: when it
    begins, from the run's beginning. later: by how much later than rules say its alerts may end. blinds: meanwhile the
    guard sees nothing, neither bad nor well: so it begins once all others are over, and `after_s` from there.
    """

    name: str
    fires: Mapping[str, str]
    begin: Callable[[], object]
    heal: Callable[[], object]
    after_s: float = 0.0
    later: timedelta = timedelta()
    blinds: bool = False
    began_at: datetime | None = None
    healed_at: datetime | None = None
    fired: dict[str, datetime] = field(default_factory=dict)
    over: dict[str, datetime] = field(default_factory=dict)


class Found(Struct, frozen=True):
    """An alert as the run found it in its table."""

    rule: str
    subject: str
    fired_at: datetime | None
    resolved_at: datetime | None
    #: how often it was told
    told: int = 0


def fires_within(rule: Rule) -> timedelta:
    """How long it may take from what happens to the alert."""
    return rule.for_ + _reached(rule) + SLACK


def _reached(rule: Rule) -> timedelta:
    """Until a figure can be beyond its limit."""
    match rule:
        case Threshold():
            return min(rule.window, timedelta(minutes=5))
        case Burn():
            return timedelta(minutes=5)
        case Absent():
            return rule.silent
        case Check():
            return _checked(rule)


def _checked(rule: Check) -> timedelta:
    if rule.figure in OF_ENGINES:
        return WITHIN
    return timedelta(seconds=rule.alert_above or 0) if rule.figure in _AGES else timedelta()


def ends_in_a_run(rule: Rule) -> bool:
    """Whether it forgets soon enough to end within the run."""
    return not (isinstance(rule, Burn) or (isinstance(rule, Threshold) and rule.window > _LASTING[0]))


def ends_within(rule: Rule) -> timedelta:
    """How long it may take from where all is well to the alert's end."""
    window = rule.window if isinstance(rule, Threshold) else timedelta()
    return rule.resolve_after + window + SLACK


def note(fault: Fault, alerts: Iterable[Found]) -> None:
    """What has become of a fault's rules by now."""
    for alert in alerts:
        part = fault.fires.get(alert.rule)
        if part is None or part not in alert.subject or alert.fired_at is None or fault.began_at is None:
            continue
        if alert.fired_at < fault.began_at - _AN_EVALUATION:
            continue
        fault.fired.setdefault(alert.rule, alert.fired_at)
        if (
            alert.resolved_at is not None
            and fault.healed_at is not None
            and alert.resolved_at >= fault.healed_at - _AN_EVALUATION
        ):
            fault.over.setdefault(alert.rule, alert.resolved_at)


def wrong(fault: Fault, rules: Mapping[str, Rule]) -> Iterator[str]:
    """What did not fire, or end, in time."""
    for name in fault.fires:
        rule, fired, over = rules[name], fault.fired.get(name), fault.over.get(name)
        if fault.began_at is None or fired is None:
            yield f"{fault.name}: {name} did not fire"
            continue
        took, may = fired - fault.began_at, fires_within(rule)
        if took > may:
            yield f"{fault.name}: {name} fired after {_s(took)}, more than {_s(may)}"
        if not ends_in_a_run(rule):
            continue
        if over is None or fault.healed_at is None:
            yield f"{fault.name}: {name} did not end"
            continue
        took, may = over - fault.healed_at, ends_within(rule) + fault.later
        if took > may:
            yield f"{fault.name}: {name} ended after {_s(took)}, more than {_s(may)}"


def untold(alerts: Iterable[Found], rules: Mapping[str, Rule], gather: timedelta) -> Iterator[str]:
    """Alerts that fired for long enough to be told, and were not; but for those that wait for what says the same."""
    for one in alerts:
        if one.fired_at is None or one.resolved_at is None or one.told or rules[one.rule].unless:
            continue
        if one.resolved_at - one.fired_at > gather + rules[one.rule].resolve_after:
            yield f"{one.rule}, {one.subject}: fired at {one.fired_at:%H:%M:%S} and was never told"


def _s(length: timedelta) -> str:
    return f"{length.total_seconds():.0f} s"
