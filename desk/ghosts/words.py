"""What is said before and after something is asked of ghosts: who, which plan, what size. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from desk.ages import clock_time, since
from desk.alerts.coins import coin_of
from desk.alerts.model import Alert
from desk.alerts.plans import PlanLine
from desk.alerts.templates import plan_lines
from desk.alerts.wording import number, usd
from desk.answers.page import folded, name
from desk.ghosts.asked import AlertPlan, Asked
from desk.policy.sizing import Sizing, shown
from outbox.cleaning import own_lines
from outbox.lines import LINE
from outbox.wording import clock

#: The word on the button of each press.
BUTTONS = {"entry": "Set Entry", "lines": "Set Alert Lines", "cancel": "Cancel"}
#: A line's sign: from below up to it, or from above down to it.
SIGNS = {"above": "≥", "below": "≤"}
NOT_ON_TAPE = "Nothing can be asked of ghosts: FEATURE_EVENT_LOGGING is not true"
OFF = "There are no ghosts here: SIGNALTAPE_GHOST=off"
NOTHING = "Nothing to cancel: of this plan you have no entry and no lines"


def head(alert: Alert) -> str:
    """`BTC LONG`."""
    return f"{name(coin_of(alert.symbol or ''), 10)} {(alert.side or '').upper()}"


def question_of_entry(plan: AlertPlan, by: str, asked_late: str, now: datetime) -> str:
    """Who, which plan, what size."""
    alert = plan.alert
    kind = "" if alert.entry_type == "limit" else f" ({alert.entry_type})"
    return _lines(
        f"Set Entry · {head(alert)}{kind}?",
        f"For {name(by, 20)}, on paper",
        *(line for mark in plan.marks for line in own_lines(mark)),
        *(["Entry at the market"] if alert.entry_type == "market" and alert.planned is None else []),
        *plan_lines(alert),
        *_size(plan.size),
        f"Valid until {clock(alert.expires_at, now)}",
        f"ref: {alert.ref_id}",
        asked_late,
    )


def question_of_lines(plan: AlertPlan, lines: Sequence[PlanLine], by: str, late: str, now: datetime) -> str:
    """Which lines."""
    alert = plan.alert
    return _lines(
        f"Set Alert Lines · {head(alert)}?",
        f"For {name(by, 20)}, each rings once here",
        *(f"{one.label} {SIGNS[one.direction]} {number(one.price)}" for one in lines),
        f"Valid until {clock(alert.expires_at, now)}",
        f"ref: {alert.ref_id}",
        late,
    )


def late(at: datetime, now: datetime) -> str:
    """When it was pressed, of what comes late."""
    return f"Pressed {since(at, now)}: do it now?"


def entry_is_set(plan: AlertPlan) -> str:
    """What comes of a yes."""
    return f"Entry set: {head(plan.alert)}. What becomes of it is told here; /ghosts shows it"


def lines_are_set(plan: AlertPlan, n: int) -> str:
    """Likewise."""
    lines = f"{n} line is" if n == 1 else f"{n} lines are"
    return f"{lines} set: {head(plan.alert)}. Each rings once here; /lines shows them"


def no_command(why: str) -> str:
    """Of a plan that the contract takes for none."""
    return f"No ghost can follow that plan: {name(why, 160)}"


def is_over(plan: AlertPlan, now: datetime) -> str | None:
    """Why nothing can be asked of a plan any more; None if it can."""
    if plan.life.ended is not None:
        return f"That signal has ended ({plan.life.ended}): nothing to set"
    if plan.alert.expires_at <= now:
        return f"That plan ended {since(plan.alert.expires_at, now)}: nothing to set"
    return None


def has_one(before: Asked, now: datetime) -> str:
    """Of who has an entry."""
    at = clock_time(before.asked_at)
    if before.over is not None:
        return f"Your entry from {at} is over ({before.over}): one a plan"
    return f"You have that entry since {at}: Cancel ends it"


def cancelled(found: Sequence[Asked]) -> str:
    """What there was to cancel."""
    lines = sum(one.kind == "line" for one in found)
    said = [_cancelled_order(one) for one in found if one.kind == "order"]
    if lines:
        said.append(f"{lines} {'line is' if lines == 1 else 'lines are'} taken off")
    return "; ".join(said) or NOTHING


def _cancelled_order(one: Asked) -> str:
    symbol = f"{name(coin_of(one.symbol), 10)} {(one.side or '').upper()}"
    if one.status == "open":
        return f"{symbol} is open: it is closed at the open of the next bar"
    return f"Entry of {symbol} cancelled"


def _size(size: Sizing | None) -> Iterator[str]:
    if size is None:
        return
    if size.risk_usd is None:
        yield f"Risk {shown(size.risk_pct, 2)}%"
        yield "Equity not known: told in R"
        return
    yield f"Risk {usd(size.risk_usd)} · {shown(size.risk_pct, 2)}%"


def _lines(*lines: str) -> str:
    return "\n".join(part for line in lines if line for part in folded(line, LINE))
