"""A freqtrade strategy that follows one plan: the order at its price, its stop and its target, its expiry."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from freqtrade.strategy import IStrategy

from tests.peers.lives import Case


class Once(IStrategy):  # type: ignore[misc]
    """`case` is set before it runs."""

    INTERFACE_VERSION = 3
    can_short = True
    timeframe = "1m"
    stoploss = -0.5
    minimal_roi: dict[int, float] = {}  # noqa: RUF012
    startup_candle_count = 0
    process_only_new_candles = False
    case: ClassVar[Case]

    def follow(self, case: Case) -> None:
        """Prices of limits are known before, and so is how far stop and target are from them."""
        plan = case.plan
        entry, sign = float(plan.price or 0), 1 if plan.side == "long" else -1
        type(self).case = case
        self.stoploss = -abs(float(plan.sl) / entry - 1)
        self.minimal_roi = {0: sign * (float(plan.tp1 or 0) / entry - 1)}

    def populate_indicators(self, dataframe: Any, metadata: dict[str, Any]) -> Any:
        return dataframe

    def populate_entry_trend(self, dataframe: Any, metadata: dict[str, Any]) -> Any:
        """At the end of the bar before the plan's first one."""
        dataframe.loc[dataframe.index == self.case.first - 1, f"enter_{self.case.plan.side}"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: Any, metadata: dict[str, Any]) -> Any:
        return dataframe

    def custom_entry_price(self, **asked: Any) -> float:
        return float(self.case.plan.price or 0)

    def check_entry_timeout(self, *, current_time: datetime, **asked: Any) -> bool:
        return current_time.timestamp() * 1e6 >= self.case.plan.expires_us
