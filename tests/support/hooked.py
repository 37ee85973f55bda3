"""The same engine by Flask, Starlette and aiohttp, with the same hooks, each on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from aiohttp import web

from signaltape import Emitter
from signaltape.http import HttpHooks
from signaltape.integrations.aiohttp import install
from signaltape.integrations.asgi import Hooks
from tests.support import hooked_aiohttp, hooked_asgi, hooked_flask
from tests.support.http_servers import aiohttp_loop, uvicorn_loop, werkzeug_threads
from tests.support.measured_http import measuring, measuring_settings


class Served(NamedTuple):
    """port: where it answers; tape: what it measures with; symbol: how its framework writes the part of a path."""

    port: int
    tape: Emitter
    symbol: str

    @property
    def json(self) -> str:
        """The pattern of /json/SOL."""
        return f"/json/{self.symbol}"


class Serve(Protocol):
    """Serves an engine with hooks, or without any."""

    def __call__(self, hooks: HttpHooks | None) -> AbstractContextManager[Served]: ...


def servers(home: Path) -> dict[str, Serve]:
    """By framework. home: where the tapes journal."""

    @contextmanager
    def flask(hooks: HttpHooks | None) -> Iterator[Served]:
        app = hooked_flask.create_app(measuring_settings(home), hooks)
        tape: Emitter = app.extensions["signaltape"]
        with tape, werkzeug_threads(app) as port:
            yield Served(port, tape, "<symbol>")

    @contextmanager
    def starlette(hooks: HttpHooks | None) -> Iterator[Served]:
        with measuring(home) as tape:
            plain = hooked_asgi.starlette()
            app = plain if hooks is None else Hooks(plain, tape=tape, hooks=hooks)
            with uvicorn_loop(app) as port:
                yield Served(port, tape, "{symbol}")

    @contextmanager
    def aiohttp(hooks: HttpHooks | None) -> Iterator[Served]:
        with measuring(home) as tape:

            def make() -> web.Application:
                app = hooked_aiohttp.application()
                if hooks is not None:
                    install(app, tape=tape, hooks=hooks)
                return app

            with aiohttp_loop(make) as port:
                yield Served(port, tape, "{symbol}")

    return {"flask": flask, "starlette": starlette, "aiohttp": aiohttp}
