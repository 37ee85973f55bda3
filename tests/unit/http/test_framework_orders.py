"""Flask and aiohttp: errors that are not what they look like."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from flask import Flask, abort

from signaltape.http import HttpHooks
from signaltape.integrations.aiohttp import install
from signaltape.integrations.flask import SignalTape
from tests.support.http_servers import aiohttp_loop
from tests.support.measured_http import measuring, measuring_settings, statuses
from tests.support.raw_http import ask


def test_what_flask_is_told_of_an_error_need_be_no_text(tmp_path: Path) -> None:
    app = Flask(__name__)
    SignalTape().init_app(app, measuring_settings(tmp_path), http=HttpHooks(problems=True))

    @app.get("/plan")
    def plan() -> str:
        abort(404, ValueError("no such plan"))

    reply = app.test_client().get("/plan")
    assert (reply.status_code, reply.get_json()["detail"]) == (404, "no such plan")
    app.extensions["signaltape"].close()


def test_a_connection_of_the_engine_that_breaks_is_a_failure_and_no_caller_that_went(tmp_path: Path) -> None:
    async def upstream(_request: web.Request) -> web.Response:
        raise ConnectionResetError("the exchange hung up")

    def make() -> web.Application:
        app = web.Application()
        app.router.add_get("/book", upstream)
        install(app, tape=tape, hooks=HttpHooks())
        return app

    with measuring(tmp_path) as tape, aiohttp_loop(make) as port:
        assert ask(port, "GET", "/book").status == 500
        assert statuses(tape) == {"GET /book": {"5xx": 1}}


def test_each_value_of_a_header_stays_on_a_problem_of_aiohttp(tmp_path: Path) -> None:
    async def handler(_request: web.Request) -> web.Response:
        error = web.HTTPNotFound()
        error.headers.extend([("Link", "<a>"), ("Link", "<b>")])
        error.set_cookie("session", "gone")
        raise error

    def make() -> web.Application:
        app = web.Application()
        app.router.add_get("/plan", handler)
        install(app, tape=tape, hooks=HttpHooks(problems=True))
        return app

    with measuring(tmp_path) as tape, aiohttp_loop(make) as port:
        reply = ask(port, "GET", "/plan")
    assert reply.headers["link"] == "<a>, <b>"
    assert reply.headers["set-cookie"].startswith("session=gone")
