"""Send or hold: one pure function from an alert, the rules and what is known, to a decision with its reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from msgspec import Struct

from desk.alerts.coins import coin_of
from desk.alerts.marks import marks_of
from desk.alerts.model import Alert
from desk.alerts.wording import number
from desk.policy.budgets import COIN, free_at, used_up
from desk.policy.rules import History, Rules
from outbox.wording import ago, clock

Reason = Literal["duplicate", "expired", "stale", "paused", "snoozed", "min_rr", "budget"]
#: Not of a market: sent while all is paused, and no part of a coin's budget.
_HEALTH = "health"


class Send(Struct, frozen=True, tag=True):
    """It is sent. marks: lines that it carries. chats: where to; all that were asked about but those that snooze."""

    marks: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()


class Hold(Struct, frozen=True, tag=True):
    """It is kept, and a digest names it. detail: the reason in words, with what it was held against."""

    reason: Reason
    detail: str


Decision = Send | Hold


def decide(alert: Alert, rules: Rules, history: History, now: datetime) -> Decision:
    """What becomes of an alert. Of several reasons to hold it the first in the order of `Reason` is said."""
    for look in _LOOKS:
        held = look(alert, rules, history, now)
        if held is not None:
            return held
    return Send(
        marks_of(alert), tuple(chat for chat in history.chats if not _snoozed(chat, alert, history, now))
    )


_Look = Callable[[Alert, Rules, History, datetime], Hold | None]


def _duplicate(alert: Alert, _rules: Rules, history: History, _now: datetime) -> Hold | None:
    return Hold("duplicate", f"{alert.ref_id} was decided on before") if history.known else None


def _expired(alert: Alert, _rules: Rules, _history: History, now: datetime) -> Hold | None:
    if now < alert.expires_at:
        return None
    return Hold("expired", f"it was valid until {clock(alert.expires_at, now)}")


def _stale(alert: Alert, _rules: Rules, history: History, now: datetime) -> Hold | None:
    """Half of its life must be left, and its signal too."""
    if history.ended is not None:
        return Hold("stale", f"its signal was {history.ended} meanwhile")
    if now - alert.ts <= (alert.expires_at - alert.ts) / 2:
        return None
    return Hold("stale", f"it is {ago(now - alert.ts)} old, more than half of its life")


def _paused(alert: Alert, _rules: Rules, history: History, _now: datetime) -> Hold | None:
    if history.paused is None or alert.category == _HEALTH:
        return None
    return Hold("paused", history.paused)


def _snooze(alert: Alert, _rules: Rules, history: History, now: datetime) -> Hold | None:
    ends = [_snoozed(chat, alert, history, now) for chat in history.chats]
    known = [end for end in ends if end is not None]
    if not ends or len(known) < len(ends):
        return None
    return Hold("snoozed", f"until {clock(min(known), now)}")


def _snoozed(chat: str, alert: Alert, history: History, now: datetime) -> datetime | None:
    """Until when a chat does not want it; None if it does."""
    covering = (one for one in history.snoozes if one.chat_id == chat and one.covers(alert.category, now))
    return max((one.until for one in covering), default=None)


def _min_rr(alert: Alert, rules: Rules, _history: History, _now: datetime) -> Hold | None:
    """Of prices that cannot be trusted there is none."""
    least = rules.min_rr.get(alert.category)
    if least is None or alert.rr is None or alert.rr >= least or alert.is_bad:
        return None
    return Hold("min_rr", f"{number(alert.rr)} R, and at least {number(least)} R is asked for")


def _budget(alert: Alert, rules: Rules, history: History, now: datetime) -> Hold | None:
    """That of its category first, then that of its coin."""
    coin = coin_of(alert.symbol) if alert.symbol and alert.category != _HEALTH else ""
    of_category = [one.at for one in history.sent if one.category == alert.category]
    of_coin = [one.at for one in history.sent if coin and one.coin == coin and one.category != _HEALTH]
    for what, key, sent in ((alert.category, alert.category, of_category), (coin, COIN, of_coin)):
        window = used_up(rules.budgets.get(key, ()), sent, now) if what else None
        if window is not None:
            until = clock(free_at(window, sent, now), now)
            return Hold("budget", f"{what} {window} is used up until {until}")
    return None


#: In the order of `Reason`.
_LOOKS: tuple[_Look, ...] = (_duplicate, _expired, _stale, _paused, _snooze, _min_rr, _budget)
