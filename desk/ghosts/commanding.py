"""Commands to ghosts as they go on the tape, and the rows that are kept of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct

from desk.alerts.plans import PlanLine, edge
from desk.ghosts.asked import AlertPlan, Asked, id_of
from desk.ghosts.news import Whose

Fields = dict[str, Any]
_ZERO = Decimal(0)


class Asker(Struct, frozen=True):
    """Who asks, where, with which update, and when. first_chat_id: what the chat was called first."""

    user_id: int
    by: str
    chat_id: str
    first_chat_id: str
    thread_id: int | None
    update_id: int
    at: datetime


class Wanted(Struct, frozen=True):
    """One thing that is asked for. row: to be kept (of what is new); fields: on the tape."""

    fields: Fields
    row: Fields | None = None


def entry(plan: AlertPlan, asker: Asker, before: int) -> Wanted:
    """The order of a plan, from now on: no bar that began before can fill it. before: of theirs that were cancelled."""
    alert, size = plan.alert, plan.size
    order_id = id_of(alert.ref_id, asker.user_id, before=before)
    band = sorted(price for price in (alert.entry_low, alert.entry_high) if price is not None)
    both = len(band) == 2
    fields = {
        "command": "place",
        "orderId": order_id,
        "side": alert.side,
        "entryType": alert.entry_type,
        "entry": alert.entry if both else edge(alert),
        "entryLow": band[0] if both else None,
        "entryHigh": band[1] if both else None,
        "sl": alert.sl,
        "tp1": alert.tp1,
        "tp2": alert.tp2,
        "publishedAt": asker.at,
        "expiresAt": alert.expires_at,
        "riskUsd": size.risk_usd if size is not None and (size.risk_usd or _ZERO) > 0 else None,
        "sizePct": size.risk_pct if size is not None else None,
    }
    row = {**_row(asker, order_id, "order", alert.symbol), **_plan_row(plan), "side": alert.side}
    return Wanted(_fields(asker, alert.symbol, _of_plan(plan) | fields), row)


def plan_line(plan: AlertPlan, line: PlanLine, asker: Asker, before: int) -> Wanted:
    """A line of a plan; it ends with it."""
    alert = plan.alert
    line_id = id_of(alert.ref_id, asker.first_chat_id, line.label, before=before)
    fields = {"expiresAt": alert.expires_at} | _of_plan(plan)
    one = _line(asker, line_id, alert.symbol, line, fields)
    return Wanted(one.fields, {**(one.row or {}), **_plan_row(plan), "side": alert.side})


def free_line(symbol: str, line: PlanLine, asker: Asker) -> Wanted:
    """A line of no plan: until it rings, or is taken off."""
    return _line(asker, id_of("line", asker.update_id), symbol, line, {})


def cancelled(asked: Iterable[Asked], asker: Asker) -> list[Wanted]:
    """Orders and lines that are wanted no longer."""
    return [_cancel(one, asker) for one in asked]


def cancelled_again(one: Whose) -> Fields:
    """What was cancelled before it reached the ghost, in the name of who asked for it."""
    who = {"by": one.by_user, "via": "telegram", "userId": one.user_id, "chatId": one.chat_id}
    whole = {"symbol": one.symbol, **who, "threadId": one.thread_id, **_to_cancel(one)}
    return {key: value for key, value in whole.items() if value is not None}


def _cancel(one: Asked, asker: Asker) -> Wanted:
    return Wanted(_fields(asker, one.symbol, _to_cancel(one)))


def _to_cancel(one: Asked | Whose) -> Fields:
    what = ("cancel", "orderId") if one.kind == "order" else ("cancel_line", "lineId")
    return {"command": what[0], what[1]: one.id, "refId": one.ref_id}


def _line(asker: Asker, line_id: str, symbol: str | None, line: PlanLine, more: Fields) -> Wanted:
    said = {"label": line.label or None, "price": line.price, "direction": line.direction}
    row = _row(asker, line_id, "line", symbol) | said
    return Wanted(_fields(asker, symbol, {"command": "set_line", "lineId": line_id} | said | more), row)


def _row(asker: Asker, identifier: str, kind: str, symbol: str | None) -> Fields:
    return {
        "id": identifier,
        "kind": kind,
        "user_id": asker.user_id,
        "by_user": asker.by,
        "chat_id": asker.chat_id,
        "thread_id": asker.thread_id,
        "symbol": symbol,
        "update_id": asker.update_id,
        "asked_at": asker.at,
    }


def _plan_row(plan: AlertPlan) -> Fields:
    return {"ref_id": plan.alert.ref_id, "expires_at": plan.alert.expires_at}


def _of_plan(plan: AlertPlan) -> Fields:
    return {"refId": plan.alert.ref_id, "signalId": plan.alert.signal_id}


def _fields(asker: Asker, symbol: str | None, more: Fields) -> Fields:
    """What every command says; what there is not is left out. A record is routed by its symbol."""
    who = {"by": asker.by, "via": "telegram", "userId": asker.user_id, "chatId": asker.chat_id}
    whole = {"symbol": symbol, **who, "threadId": asker.thread_id, **more}
    return {key: value for key, value in whole.items() if value is not None}
