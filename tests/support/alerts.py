"""Alerts for tests: made as the desk makes them, of the JSON that an engine would send."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from desk.alerts.model import Alert, alert_of
from desk.policy.sizing import Sizing, SizingRules, size
from tests.support.samples import as_json

#: 14:00 in Jakarta.
TWO = datetime(2025, 9, 15, 7, 0, tzinfo=UTC)
RECORD_ID = "0196f3a0-0000-7000-8000-000000000001"
SIGNAL_ID = "0196f3a0-0000-7000-8000-000000000002"
BIAS: dict[str, Any] = {
    "id": RECORD_ID,
    "timestamp": TWO.isoformat(),
    "category": "institutional",
    "symbol": "BTC-USDT",
    "side": "long",
    "confidence": 82,
    "entryLow": 64000,
    "entryHigh": 64200,
    "sl": 63100,
    "tp1": 65500,
    "tp2": 67000,
    "atrPct": Decimal("0.88"),
    "etfInflowUsd": 60_000_000,
    "lines": ["spot leads perp by 0.3%"],
    "next": "cek SOL (5m)",
}


def alert(**changes: Any) -> Alert:
    """A record `alert` with changes; None: without that field."""
    fields = {name: value for name, value in {**BIAS, **changes}.items() if value is not None}
    return alert_of("alert", as_json(fields), TWO)


def published(**changes: Any) -> Alert:
    """The alert of a published signal."""
    fields = {
        "signal_id": SIGNAL_ID,
        "symbol": "SOL-USDT",
        "confluence_score": Decimal("0.79996"),
        "rr": Decimal("1.9"),
        "expiry_minutes": 30,
        "rules_version": "1",
        "side": "short",
        "ts_published": TWO.isoformat(),
        **changes,
    }
    sent = {name: value for name, value in fields.items() if value is not None}
    return alert_of("signal_published", as_json(sent), TWO)


def sized(one: Alert, base: str = "1.0", equity: str | None = "10000") -> Sizing:
    """Its size by the table."""
    money = None if equity is None else Decimal(equity)
    return size(
        money, Decimal(base), one.confidence, one.atr_pct, one.etf_inflow_usd, one.symbol, SizingRules()
    )
