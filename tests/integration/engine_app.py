"""A small real Flask engine with the four hooks. Its answers do not depend on whether recording is on."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request
from werkzeug.wrappers import Response

from signaltape import Settings
from signaltape.integrations.flask import SignalTape

tape = SignalTape()
SIGNAL_ID = "8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11"


def create_app(settings: Settings) -> Flask:
    app = Flask(__name__)
    tape.init_app(app, settings)

    @app.get("/signal")
    def signal() -> Response:
        body: dict[str, Any] = {
            "signal_id": SIGNAL_ID,
            "symbol": "SOL-USDT-SWAP",
            "confluence_score": 0.82,
            "rr": 1.9,
            "scenarios": {"primary": {"side": "long"}},
            "expiry_minutes": 30,
            "rules_version": "analysis-mode-1.2",
        }
        tape.published(body)
        return jsonify(body)

    @app.post("/fill")
    def fill() -> Response:
        price = request.get_json()["price"]
        tape.triggered(
            signal_id=SIGNAL_ID, symbol="SOL-USDT-SWAP", entry_fill=price, time_to_trigger_ms=420_000
        )
        return jsonify(status="triggered", price=price)

    @app.post("/invalidate")
    def invalidate() -> Response:
        tape.invalidated(signal_id=SIGNAL_ID, symbol="SOL-USDT-SWAP", reason=request.get_json()["reason"])
        return jsonify(status="invalidated")

    @app.post("/close")
    def close() -> Response:
        tape.closed(
            signal_id=SIGNAL_ID,
            symbol="SOL-USDT-SWAP",
            rr_realized=request.get_json()["rr"],
            time_in_trade_ms=900_000,
            exit_reason="tp",
        )
        return jsonify(status="closed")

    return app
