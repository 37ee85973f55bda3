"""What the HTTP hooks cost: a view with them beside the same view without, in slices that alternate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from flask import Flask
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.test import EnvironBuilder

from deploy.embedded.servers import Urls
from deploy.examples.engine_flask.app import HOOKS
from signaltape import Emitter, Settings
from signaltape.http import HttpHooks
from signaltape.integrations.asgi import Hooks
from signaltape.integrations.flask import SignalTape
from tests.bench.figures import Figures

#: Slices of each, and requests in one.
_SLICES = 60
_REQUESTS = 400
#: More at once than are asked, so that none is refused: a refusal is cheaper than an answer.
_UNLIMITED = "1000000/second"

Ask = Callable[[], object]


class Contender(NamedTuple):
    """A way to answer one request."""

    name: str
    ask: Ask


def run(figures: Figures, urls: Urls, home: Path) -> None:
    """Measure in turn; what is noted is the median of the differences of slices that lie side by side."""
    settings = Settings(feature_event_logging=True, home=home / "hooks", stream="bench-hooks")
    with ExitStack() as stack:
        for framework, contenders in (
            ("flask", _flask(settings, stack)),
            ("asgi", _asgi(settings, stack)),
        ):
            _compare(figures, framework, contenders)


def _compare(figures: Figures, framework: str, contenders: list[Contender]) -> None:
    rounds = [{one.name: _p50_us(one.ask) for one in contenders} for _ in range(_SLICES)]
    plain = median(one["plain"] for one in rounds)
    figures.raw[f"hooks_{framework}_us"] = rounds
    for name in (one.name for one in contenders if one.name != "plain"):
        slower = median(one[name] - one["plain"] for one in rounds)
        ratio = median(one[name] / one["plain"] for one in rounds)
        figures.ratios[f"hooks_{framework}_{name}_slower_us"] = slower
        figures.ratios[f"hooks_{framework}_{name}_vs_plain"] = ratio
        figures.console.print(
            f"{framework}, {name}: {slower:.1f} µs slower than {plain:.0f} µs at p50, {ratio:.2f} times",
            highlight=False,
        )


def _p50_us(ask: Ask) -> float:
    spent = []
    for _ in range(_REQUESTS):
        began = time.perf_counter_ns()
        ask()
        spent.append(time.perf_counter_ns() - began)
    return median(spent) / 1000


def _wanted() -> dict[str, HttpHooks | None]:
    from msgspec.structs import replace

    assert HOOKS.limit is not None
    without = replace(HOOKS, limit=None)
    return {
        "plain": None,
        "measured": HttpHooks(),
        "headers": without,
        "limited": replace(HOOKS, limit=replace(HOOKS.limit, rate=_UNLIMITED)),
    }


def _flask(settings: Settings, stack: ExitStack) -> list[Contender]:
    return [Contender(name, _flask_one(settings, hooks, stack)) for name, hooks in _wanted().items()]


def _flask_one(settings: Settings, hooks: HttpHooks | None, stack: ExitStack) -> Ask:
    app, tape = Flask("bench"), SignalTape()
    tape.init_app(app, settings, http=hooks)
    stack.callback(app.extensions["signaltape"].close)

    @app.get("/api/signal/<symbol>")
    def view(symbol: str) -> dict[str, object]:
        return {"symbol": symbol, "entry": 221.5}

    environ = EnvironBuilder("/api/signal/SOL").get_environ()

    def ask() -> None:
        body: Any = app.wsgi_app(dict(environ), lambda status, headers, failed=None: lambda data: None)
        for _ in body:
            pass
        body.close()

    return ask


def _asgi(settings: Settings, stack: ExitStack) -> list[Contender]:
    tape = stack.enter_context(Emitter(settings, ship=False))
    loop = stack.enter_context(asyncio.Runner())
    return [Contender(name, _asgi_one(tape, hooks, loop)) for name, hooks in _wanted().items()]


def _asgi_one(tape: Emitter, hooks: HttpHooks | None, loop: asyncio.Runner) -> Ask:
    async def view(request: object) -> PlainTextResponse:
        return PlainTextResponse("ok")

    plain = Starlette(routes=[Route("/api/signal/{symbol}", view)])
    app: Any = plain if hooks is None else Hooks(plain, tape=tape, hooks=hooks)
    addresses = {"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2)}
    scope = {"type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", **addresses}
    scope |= {"path": "/api/signal/SOL", "raw_path": b"/api/signal/SOL", "query_string": b"", "headers": []}

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        return None

    return lambda: loop.run(app({**scope, "root_path": ""}, receive, send))
