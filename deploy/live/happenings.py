"""What the demo engine records in each minute of January: its signals, and all that an engine does besides. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from deploy.demo.candles import Candle
from deploy.demo.engine import BAR_MINUTES, MIN_SCORE, SYMBOL, Recorded

#: What one R is worth, in USDT: sizes of orders and the account follow from it.
R_USDT = 100.0
_EQUITY_USDT = 10_000.0
#: From so many R lost in a UTC day on the risk snapshot carries a flag.
_BAD_DAY_R = -5.0
_HOUR_MINUTES = 60
_MODE = "SIM"


class Call(NamedTuple):
    """One call of the Emitter. kind: of a snapshot or of the market; signal: id of the one it belongs to."""

    method: str
    fields: dict[str, Any]
    kind: str | None = None
    signal: str | None = None

    @property
    def of_signal(self) -> bool:
        """Whether it is an event of a signal, not a record."""
        return self.method in ("published", "triggered", "invalidated", "closed")

    @property
    def kept(self) -> bool:
        """Whether it is kept for weeks: what the market did and what was thought of it is not."""
        return self.of_signal or self.method in ("order", "trade")


class Minute(NamedTuple):
    """All calls at the end of one minute of the market."""

    end: datetime
    calls: list[Call]


def minutes_of(candles: Sequence[Candle], recorded: Sequence[Recorded]) -> list[Minute]:
    """What happens in each minute. candles: one a minute; recorded: the engine's events over them, in order."""
    ends = [one.end for one in candles]
    by_minute: dict[int, list[Recorded]] = {}
    for one in recorded:
        by_minute.setdefault(bisect.bisect_left(ends, one.ts), []).append(one)
    account = _Account()
    return [
        Minute(candle.end, _calls(candle, by_minute.get(number, []), account))
        for number, candle in enumerate(candles)
    ]


def since(minutes: Sequence[Minute], begin: datetime) -> list[Minute]:
    """The minutes behind `begin`, without what belongs to signals that were published before."""
    before = (call for minute in minutes if minute.end <= begin for call in minute.calls)
    old = {call.signal for call in before if call.method == "published"}
    return [
        Minute(minute.end, [call for call in minute.calls if call.signal not in old])
        for minute in minutes
        if minute.end > begin
    ]


class _Account:
    """Plans of the signals so far, and how the day goes."""

    def __init__(self) -> None:
        self.plans: dict[str, dict[str, Any]] = {}
        self.filled: dict[str, float] = {}
        self.equity = _EQUITY_USDT
        self.day_r, self.day_closed = 0.0, 0

    def book(self, r: float) -> None:
        self.equity += r * R_USDT
        self.day_r += r
        self.day_closed += 1


def _calls(candle: Candle, recorded: Sequence[Recorded], account: _Account) -> list[Call]:
    calls = [_candle(candle)]
    for one in recorded:
        calls.append(Call(one.kind, one.fields, signal=one.fields["signal_id"]))
        calls += _BESIDE[one.kind](one.fields, account)
    minute = candle.end.hour * _HOUR_MINUTES + candle.end.minute
    if minute % BAR_MINUTES == 0:
        calls.append(_scoring(candle, account))
    if minute % _HOUR_MINUTES == 0:
        calls += _hourly(account)
    if minute == 0:
        account.day_r, account.day_closed = 0.0, 0
    return calls


def _candle(candle: Candle) -> Call:
    fields = candle._asdict()
    del fields["end"]
    return Call("market", {**fields, "symbol": SYMBOL, "interval": "1m"}, "candle")


def _scoring(candle: Candle, account: _Account) -> Call:
    fields = {"symbol": SYMBOL, "close": candle.close, "minScore": MIN_SCORE, "signals": len(account.plans)}
    return Call("snapshot", {**fields, "eventType": "SCORING_UPDATE"}, "scoring")


def _hourly(account: _Account) -> list[Call]:
    risk = {
        "account": {"equity": round(account.equity, 2), "openRiskR": len(account.filled)},
        "dailyStats": {"closed": account.day_closed, "r": round(account.day_r, 2)},
        "riskFlags": ["BAD_DAY"] if account.day_r <= _BAD_DAY_R else [],
    }
    services = {name: {"status": "OK"} for name in ("market", "scoring", "execution")}
    return [Call("snapshot", risk, "risk"), Call("snapshot", {"services": services}, "health")]


def _published(event: dict[str, Any], account: _Account) -> list[Call]:
    account.plans[event["signal_id"]] = event
    why = f"score {event['confluence_score']}"
    return [
        _state(event, "WATCH", "SETUP", "SIGNAL_PUBLISHED", why),
        _order(event, "entry", "NEW", price=event["entry"]),
    ]


def _triggered(event: dict[str, Any], account: _Account) -> list[Call]:
    plan, fill = account.plans[event["signal_id"]], event["entry_fill"]
    account.filled[event["signal_id"]] = fill
    targets = {"entryPrice": fill, "tp1Price": plan["tp"], "stopLossPrice": plan["sl"]}
    levels = {"symbol": SYMBOL, "side": _side(plan).upper(), **targets}
    return [
        _order(plan, "entry", "FILLED", price=plan["entry"], avgFillPrice=fill),
        _order(plan, "stop", "NEW", triggerPrice=plan["sl"]),
        _order(plan, "target", "NEW", price=plan["tp"]),
        Call("snapshot", levels, "tpsl", plan["signal_id"]),
        _state(plan, "SETUP", "IN_POSITION", "ENTRY_FILLED", f"filled at {fill}"),
    ]


def _invalidated(event: dict[str, Any], account: _Account) -> list[Call]:
    plan, reason = account.plans.pop(event["signal_id"]), event["reason"]
    filled = account.filled.pop(event["signal_id"], None)
    if filled is None:
        gone = [_order(plan, "entry", "CANCELED", price=plan["entry"])]
    else:
        account.book(-1.0)
        gone = [_order(plan, "stop", "FILLED", triggerPrice=plan["sl"], avgFillPrice=plan["sl"])]
    return [*gone, _state(plan, "SETUP", "WATCH", "SIGNAL_INVALIDATED", reason)]


def _closed(event: dict[str, Any], account: _Account) -> list[Call]:
    plan = account.plans.pop(event["signal_id"])
    fill = account.filled.pop(event["signal_id"])
    r, sign = event["rr_realized"], 1 if _side(plan) == "long" else -1
    price = round(fill + sign * r * abs(plan["entry"] - plan["sl"]), 1)
    account.book(r)
    way = "target" if event["exit_reason"] == "tp" else "stop"
    trade = {
        "symbol": SYMBOL,
        "side": _side(plan).upper(),
        "entryPrice": fill,
        "closePrice": price,
        "qty": _quantity(plan),
        "realizedPnl": round(r * R_USDT, 2),
        "mode": _MODE,
    }
    return [
        _order(plan, way, "FILLED", avgFillPrice=price),
        Call("trade", trade, signal=plan["signal_id"]),
        _state(plan, "IN_POSITION", "WATCH", "POSITION_CLOSED", f"{event['exit_reason']} at {price}"),
    ]


_BESIDE = {
    "published": _published,
    "triggered": _triggered,
    "invalidated": _invalidated,
    "closed": _closed,
}


def _state(event: dict[str, Any], before: str, after: str, what: str, why: str) -> Call:
    signal_id = event["signal_id"]
    fields = {"symbol": SYMBOL, "eventType": what, "fromState": before, "toState": after, "reason": why}
    return Call("state", {**fields, "extra": {"signal_id": signal_id}}, signal=signal_id)


def _order(plan: dict[str, Any], part: str, status: str, **more: float) -> Call:
    buys = (_side(plan) == "long") == (part == "entry")
    fields = {
        "clientOrderId": f"{plan['signal_id']}:{part}",
        "symbol": SYMBOL,
        "side": "BUY" if buys else "SELL",
        "type": "STOP_MARKET" if part == "stop" else "LIMIT",
        "qty": _quantity(plan),
        "status": status,
        "mode": _MODE,
        "reduceOnly": part != "entry",
    }
    return Call("order", {**fields, **more}, signal=plan["signal_id"])


def _side(plan: dict[str, Any]) -> str:
    side: str = plan["scenarios"]["primary"]["side"]
    return side


def _quantity(plan: dict[str, Any]) -> float:
    quantity: float = round(R_USDT / abs(plan["entry"] - plan["sl"]), 4)
    return quantity
