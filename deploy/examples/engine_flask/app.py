"""The application: three addresses, and the hooks around them."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Flask, abort, jsonify, request
from werkzeug.wrappers import Response

from deploy.examples.engine_flask.market import SYMBOLS, flow, seen
from deploy.examples.engine_flask.pulse import Pulse
from deploy.examples.engine_flask.signals import FEATURES, MODEL, RULES, published, signal
from deploy.examples.engine_flask.switches import Control
from signaltape import Settings
from signaltape.http import HttpHooks, Limit, Versions
from signaltape.integrations.flask import SignalTape
from signaltape.quality import judge

tape = SignalTape()
HOOKS = HttpHooks(
    request_ids=True,
    versions=Versions(api="1", model=MODEL, features=FEATURES, rules=RULES),
    limit=Limit(rate="100/second", free=frozenset({"/health"})),
    problems=True,
)


def create_app(
    settings: Settings | None = None, *, control: Path | None = None, hooks: HttpHooks = HOOKS
) -> Flask:
    """The engine. settings: of the tape, instead of the environment. control: the file of its switches."""
    app = Flask(__name__)
    tape.init_app(app, settings, http=hooks)
    switches = Control(control)
    app.extensions["switches"] = switches
    pulse = app.extensions["pulse"] = Pulse()
    told: dict[str, str] = {}

    @app.before_request
    def trouble() -> None:
        """What the switches ask for."""
        status = switches.trouble(None if request.url_rule is None else request.url_rule.rule)
        if status == 500:
            raise RuntimeError("switched on")
        if status is not None:
            abort(status)

    @app.get("/api/signal/<symbol>")
    def get_signal(symbol: str) -> Response:
        now, set_so = time.time(), switches.now()
        what = seen(_known(symbol), now, stale_s=set_so.stale_s, instead=set_so.market.get(symbol))
        said = signal(symbol, what, flow(symbol, now), now)
        if said["action"] == "enter" and told.get(symbol) != said["signal_id"]:
            told[symbol] = said["signal_id"]
            tape.published(published(said))
        return jsonify(said)

    @app.get("/api/orderflow/<symbol>")
    def get_orderflow(symbol: str) -> Response:
        now, set_so = time.time(), switches.now()
        verdict = judge(seen(_known(symbol), now, stale_s=set_so.stale_s, instead=set_so.market.get(symbol)))
        of_minute = flow(symbol, now)
        return jsonify(
            symbol=symbol,
            bought=of_minute.bought,
            sold=of_minute.sold,
            imbalance=of_minute.imbalance,
            data_quality=verdict.data_quality,
            reasons=list(verdict.reasons),
        )

    @app.get("/health")
    def health() -> Response:
        return jsonify(status="ok", symbols=sorted(SYMBOLS), paused=tape.emitter.paused, beats=pulse.beats)

    return app


def _known(symbol: str) -> str:
    if symbol not in SYMBOLS:
        abort(404, f"This engine does not know that symbol. It knows {', '.join(sorted(SYMBOLS))}.")
    return symbol
