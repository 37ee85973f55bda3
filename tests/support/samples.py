"""Sample events for tests: the least that each event needs, to be changed by keyword."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

#: Layers in every form that the contract knows.
LAYERS: dict[str, Any] = {
    "smc": {"match": True, "weight": 0.2, "value": {"zone": [221.5, 222.0]}},
    "trend": {"match": "not_match", "weight": 0.3},
    "volume": True,
    "regime": "match",
    "news\tfeed": "not_match",
}


def new_id() -> str:
    return str(uuid.uuid4())


def published(signal_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "signal_id": signal_id or new_id(),
        "symbol": "SOL-USDT-SWAP",
        "confluence_score": 0.82,
        "rr": 1.9,
        "scenarios": {"primary": {"side": "long"}},
        "expiry_minutes": 30,
        "rules_version": "analysis-mode-1.2",
        **changes,
    }


def triggered(signal_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "signal_id": signal_id or new_id(),
        "symbol": "SOL-USDT-SWAP",
        "entry_fill": 222.10,
        "time_to_trigger_ms": 420_000,
        **changes,
    }


def invalidated(signal_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"signal_id": signal_id or new_id(), "symbol": "SOL-USDT-SWAP", "reason": "sl", **changes}


def closed(signal_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "signal_id": signal_id or new_id(),
        "symbol": "SOL-USDT-SWAP",
        "rr_realized": 1.65,
        "time_in_trade_ms": 900_000,
        "exit_reason": "tp",
        **changes,
    }


#: The least that each event of an engine needs, by its name.
SAMPLES = {
    "signal_published": published,
    "signal_triggered": triggered,
    "signal_invalidated": invalidated,
    "signal_closed": closed,
}


#: The same of a signal's ghost.
GHOST_SAMPLES = {
    "ghost_triggered": triggered,
    "ghost_invalidated": invalidated,
    "ghost_closed": closed,
}
ALL_SAMPLES = {**SAMPLES, **GHOST_SAMPLES}


def as_json(fields: dict[str, Any]) -> bytes:
    return _ENCODER.encode(fields)


_ENCODER = msgspec.json.Encoder(decimal_format="number")
