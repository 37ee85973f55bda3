"""A signal of what is seen: where to enter and out of it again, or why nowhere. Pure."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from deploy.examples.engine_flask.market import Flow
from signaltape.quality import Seen, judge

MODEL, FEATURES, RULES = "gpts-ai-signal-2025.09.13", "layers-8.3", "analysis-mode-1.2"
_OURS = UUID("5b0e9b1c-0d0a-4a3e-9a55-0c6d2a6b1f10")
#: A signal stands for so long; whoever asks meanwhile is told the same one.
STANDS_S = 900
_STOP, _TARGET = 0.01, 0.019


def signal(symbol: str, what: Seen, flow: Flow, at_s: float) -> dict[str, Any]:
    """As the API says it. Of data that may be wrong there is no entry, whatever they seem to say."""
    verdict = judge(what)
    said = {
        "symbol": symbol,
        "data_quality": verdict.data_quality,
        "reasons": list(verdict.reasons),
        "rules_version": RULES,
    }
    if verdict.data_quality == "bad" or what.price is None:
        return {**said, "action": "wait"}
    up = flow.imbalance >= 0
    price, sign = float(what.price), 1 if up else -1
    return {
        **said,
        "action": "enter",
        "signal_id": str(uuid5(_OURS, f"{symbol} {int(at_s // STANDS_S)}")),
        "side": "long" if up else "short",
        "entry": round(price, 6),
        "stop": round(price * (1 - sign * _STOP), 6),
        "target": round(price * (1 + sign * _TARGET), 6),
        "rr": round(_TARGET / _STOP, 2),
        "confluence_score": round(0.5 + abs(flow.imbalance), 3),
    }


def published(said: dict[str, Any]) -> dict[str, Any]:
    """The same as an event of the tape."""
    names = ("signal_id", "symbol", "confluence_score", "rr", "data_quality", "rules_version", "entry")
    return {
        **{name: said[name] for name in names},
        "scenarios": {"primary": {"side": said["side"]}},
        "expiry_minutes": STANDS_S // 60,
        "model_version": MODEL,
        "features_version": FEATURES,
    }
