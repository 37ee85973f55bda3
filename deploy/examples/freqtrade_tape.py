"""freqtrade: a mixin that records every trade of a strategy as a signal. Put it beside your strategy.

    from freqtrade.strategy import IStrategy
    from freqtrade_tape import Taped

    class MyStrategy(Taped, IStrategy):
        tape_rules_version = "my-rules-1"

The confluence score is the trade's enter_tag, if that is a number (or override `tape_score`). A trade is published when
its first entry is filled, so entries that are never filled are not in the scorecard. Recorded is what trades live or
dry; backtests are not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from signaltape import Emitter, Settings

#: freqtrade's reasons in the words of the contract; what is not here is `other`.
_EXIT_REASONS = {
    "roi": "tp",
    "stop_loss": "sl",
    "stoploss_on_exchange": "sl",
    "trailing_stop_loss": "sl",
    "liquidation": "sl",
    "force_exit": "manual",
    "emergency_exit": "manual",
}
_TRADING = ("live", "dry_run")


class Taped:
    """Goes before IStrategy in the list of bases.

    tape_rules_version: what signals are published under; tape_target_r: what a trade aims for, in R;
    tape_expiry_minutes: how long an entry order is good for.
    """

    tape_rules_version = "unversioned"
    tape_target_r = 2.0
    tape_expiry_minutes = 60

    # of IStrategy
    config: dict[str, Any]
    stoploss: float
    timeframe: str

    def bot_start(self, **kwargs: Any) -> None:
        """Begin to record, if this bot trades."""
        self._call_next("bot_start", **kwargs)
        trades = str(getattr(self.config["runmode"], "value", self.config["runmode"])) in _TRADING
        self.tape = Emitter() if trades else Emitter(Settings())

    def order_filled(self, pair: str, trade: Any, order: Any, current_time: datetime, **kwargs: Any) -> None:
        """An order of a trade was filled: its first entry publishes and triggers, its last exit closes."""
        self._call_next(
            "order_filled", pair=pair, trade=trade, order=order, current_time=current_time, **kwargs
        )
        if order.ft_order_side == trade.entry_side:
            if trade.nr_of_successful_entries == 1:
                self._tape_entry(trade, order, current_time)
        elif not trade.is_open:
            self._tape_exit(trade, current_time)

    def tape_score(self, trade: Any) -> float | None:
        """The confluence score of a trade, 0 to 1; without one it is refused, with the reason in the reject file."""
        try:
            return float(trade.enter_tag)
        except (TypeError, ValueError):
            return None

    def _tape_entry(self, trade: Any, order: Any, now: datetime) -> None:
        signal = {"signal_id": _signal_id(trade), "symbol": trade.pair}
        self.tape.published(
            **signal,
            confluence_score=self.tape_score(trade),
            rr=self.tape_target_r,
            side="short" if trade.is_short else "long",
            expiry_minutes=self.tape_expiry_minutes,
            rules_version=self.tape_rules_version,
            ts_published=order.order_date_utc,
            entry=trade.open_rate,
            sl=self._tape_stop(trade),
            setup=type(self).__name__,
            ref_id=str(trade.id),
            timeframe=self.timeframe,
        )
        waited_ms = max(0, int((now - order.order_date_utc).total_seconds() * 1000))
        self.tape.triggered(
            **signal, ts_triggered=now, entry_fill=trade.open_rate, time_to_trigger_ms=waited_ms
        )

    def _tape_exit(self, trade: Any, now: datetime) -> None:
        risk = abs(trade.open_rate - self._tape_stop(trade))
        won = (trade.close_rate - trade.open_rate) * (-1 if trade.is_short else 1)
        fees = trade.open_rate * (trade.fee_open or 0.0) + trade.close_rate * (trade.fee_close or 0.0)
        self.tape.closed(
            signal_id=_signal_id(trade),
            symbol=trade.pair,
            ts_closed=now,
            rr_realized=won / risk if risk else None,
            fees_r=fees / risk if risk else None,
            time_in_trade_ms=max(0, int((now - trade.open_date_utc).total_seconds() * 1000)),
            exit_reason=_EXIT_REASONS.get(str(trade.exit_reason), "other"),
        )

    def _tape_stop(self, trade: Any) -> float:
        """The stop that the trade began with."""
        if trade.initial_stop_loss:
            return float(trade.initial_stop_loss)
        away = self.stoploss / (trade.leverage or 1.0)
        return float(trade.open_rate * (1 - away if trade.is_short else 1 + away))

    def _call_next(self, name: str, **kwargs: Any) -> None:
        following = getattr(super(), name, None)
        if following is not None:
            following(**kwargs)


def _signal_id(trade: Any) -> UUID:
    """The same from entry to exit, over restarts of the bot and with a new database."""
    return uuid5(NAMESPACE_URL, f"freqtrade:{trade.pair}:{trade.id}:{trade.open_date_utc.isoformat()}")
