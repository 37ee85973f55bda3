"""A Flask engine with every kind of answer that hooks could spoil."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, abort, jsonify, request, send_file, stream_with_context
from werkzeug.wrappers import Response as AnyResponse

from signaltape import Settings
from signaltape.http import HttpHooks
from signaltape.integrations.flask import SignalTape

tape = SignalTape()
#: Called behind an answer, as engines do what need not be waited for.
AFTERWARDS: list[str] = []
#: What a stream waits for, by name.
GATES: dict[str, threading.Event] = {}
#: So many parts: more than the buffers of a connection that nobody reads.
MANY = 400


def create_app(settings: Settings, hooks: HttpHooks | None) -> Flask:
    app = Flask(__name__)
    app.logger.disabled = True
    tape.init_app(app, settings, http=hooks)
    _plain(app)
    _streams(app)
    return app


def from_environment() -> Flask:
    """For a server that begins processes of its own."""
    settings = Settings(feature_event_logging=True, home=Path(os.environ["HOOKED_HOME"]))
    return create_app(settings, HttpHooks() if os.environ["HOOKED"] == "on" else None)


def _plain(app: Flask) -> None:
    @app.get("/json/<symbol>")
    def json(symbol: str) -> Response:
        return jsonify(symbol=symbol, price=221.5)

    @app.post("/echo")
    def echo() -> Response:
        return Response(request.get_data(), content_type="application/octet-stream")

    @app.get("/empty")
    def empty() -> Response:
        return Response(status=204)

    @app.get("/same")
    def same() -> AnyResponse:
        response = Response("as before", headers={"ETag": '"1"'})
        return response.make_conditional(request)

    @app.get("/file")
    def file() -> Response:
        return send_file(BytesIO(bytes(range(256)) * 64), mimetype="application/octet-stream")

    @app.get("/boom")
    def boom() -> Response:
        raise RuntimeError("on purpose")

    @app.get("/own-error")
    def own_error() -> tuple[Response, int]:
        return jsonify(error="the engine's own words"), 503

    @app.get("/abort")
    def aborted() -> Response:
        abort(404, "no such plan")

    @app.get("/later")
    def later() -> Response:
        response = Response("now")
        response.call_on_close(lambda: AFTERWARDS.append("later"))
        return response


def _streams(app: Flask) -> None:
    @app.get("/stream")
    def stream() -> Response:
        return Response(_parts(3), content_type="text/event-stream")

    @app.get("/gated")
    def gated() -> Response:
        def parts() -> Iterator[str]:
            yield "first\n"
            GATES["go on"].wait(20)
            for _ in range(MANY):
                yield "second\n" * 1000

        return Response(parts())

    @app.get("/context")
    def context() -> Response:
        return Response(stream_with_context(request.path for _ in range(2)))

    @app.get("/breaks")
    def breaks() -> Response:
        def parts() -> Iterator[str]:
            yield from _parts(2)
            raise RuntimeError("in the middle")

        return Response(parts(), content_type="text/event-stream")


def _parts(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"data: {number}\n\n"
