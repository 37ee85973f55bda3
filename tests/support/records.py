"""Sample records for tests: each with the fields that it needs and a few more."""

from __future__ import annotations

from typing import Any

#: Fields by the record's name on the wire.
RECORD_SAMPLES: dict[str, dict[str, Any]] = {
    "state_event": {
        "symbol": "SOL-USDT",
        "fromState": "WATCH",
        "toState": "SETUP",
        "eventType": "SCORING_UPDATE",
        "reason": "score above 0.7",
        "extra": {"score": 0.71},
    },
    "trade_log": {
        "symbol": "SOL-USDT",
        "side": "LONG",
        "entryPrice": 222.1,
        "closePrice": 224.0,
        "qty": 3,
        "leverage": 5,
        "realizedPnl": 5.7,
        "mfe": 7.2,
        "mae": -1.1,
        "durationSeconds": 900,
        "mode": "SIM",
    },
    "order_log": {
        "clientOrderId": "c-1",
        "symbol": "SOL-USDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "price": 222.1,
        "qty": 3,
        "reduceOnly": False,
        "status": "NEW",
        "filledQty": 0,
        "notionalUsd": 666.3,
        "mode": "SIM",
        "source": "engine",
    },
    "risk_snapshot": {"account": {"equity": 1000}, "dailyStats": {"trades": 3}, "riskFlags": ["none"]},
    "tpsl_snapshot": {"symbol": "SOL-USDT", "side": "LONG", "tp1Price": 224.0, "trailingActive": True},
    "execution_snapshot": {"mode": "SIM", "safeMode": False, "pendingOrdersCount": 1},
    "health_snapshot": {
        "services": {"feed": {"status": "OK"}, "orders": {"status": "WARN", "message": "slow"}}
    },
    "scoring_snapshot": {"symbol": "SOL-USDT", "scores": {"smc": 0.5}},
    "regime_snapshot": {"symbol": "SOL-USDT", "regime": "TREND"},
    "feature_snapshot": {"symbol": "SOL-USDT", "features": [1, 2, 3]},
    "market_trade": {"symbol": "SOL-USDT", "price": 222.1, "qty": 0.5, "side": "BUY"},
    "market_book": {"symbol": "SOL-USDT", "bids": [[222.0, 3]], "asks": [[222.2, 1]]},
    "market_candle": {
        "symbol": "SOL-USDT",
        "interval": "1m",
        "open": 222.0,
        "high": 222.5,
        "low": 221.9,
        "close": 222.1,
        "volume": 1200,
    },
}
