"""Whatever is answered, and however: every answer carries its headers."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from signaltape import Settings
from tests.integration.web.test_access import bearer, make_key
from tests.support.book import Book
from tests.support.routes import Route, routes_of
from tests.support.served import Answer, Served, serving
from web.application import application
from web.assets import address_of
from web.http.limits import Policy
from web.settings import WebSettings

ALWAYS = (
    *("X-Request-Id", "X-API-Version", "X-Model-Version", "X-Features-Version", "X-Rules-Version"),
    *("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Cache-Control"),
)
QUOTA = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy", "RateLimit")
UNCOUNTED = ("/static/", "/healthz", "/readyz")


def without(answer: Answer, *names: str) -> list[str]:
    return [name for name in names if not answer.headers[name]]


@pytest.fixture
def routes(web_settings: WebSettings, book: Book) -> list[Route]:
    signal_id = book.closed_signal("0.85", 1)
    asset = address_of("web.css").removeprefix("/static/")
    parts = {"week": "2022-W03", "signal_id": signal_id, "kind": "png", "name": asset}
    return routes_of(application(web_settings), parts)


def test_every_route_answers_with_its_headers(served: Served, routes: list[Route]) -> None:
    assert len(routes) > 20
    for method, path in (route for route in routes if not route.is_stream):
        answer = served.ask(method, path, "" if method == "POST" else None, {"Accept": "text/html"})
        assert answer.status < 500, (method, path, answer.text[:500])
        assert without(answer, *ALWAYS) == [], (method, path)
        if not path.startswith(UNCOUNTED):
            assert without(answer, *QUOTA) == [], (method, path)


def test_every_route_refuses_a_strange_method_with_its_headers(served: Served, routes: list[Route]) -> None:
    for path in {route.path for route in routes}:
        answer = served.ask("DELETE", path, headers={"Accept": "text/html"})
        assert 400 <= answer.status < 500, path
        assert without(answer, *ALWAYS) == [], path


def test_a_stream_begins_with_them(served: Served, routes: list[Route]) -> None:
    streams = [route.path for route in routes if route.is_stream]
    assert "/api/events" in streams
    for path in streams:
        with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)) as connection:
            connection.request("GET", path)
            with connection.getresponse() as answer:
                assert answer.status < 500, path
                assert [name for name in (*ALWAYS, *QUOTA) if not answer.headers[name]] == [], path


@pytest.fixture
def guarded(settings: Settings, web_settings: WebSettings) -> Iterator[tuple[Served, str]]:
    key = make_key(settings)
    with serving(web_settings) as running:
        yield running, bearer(key)


def test_refusals_carry_them(guarded: tuple[Served, str], monkeypatch: pytest.MonkeyPatch) -> None:
    served, key = guarded
    answers = {
        303: served.get("/"),
        401: served.get("/api/signals"),
        403: served.ask("POST", "/login", "", {"Accept": "text/html"}),
        404: served.get("/nothing", Authorization=key),
        400: served.get("/api/signals?limit=x", Authorization=key),
        413: served.ask("POST", "/login", "x" * 300_000, {}),
        415: served.ask("POST", "/login", "x", {"Content-Type": "multipart/form-data; boundary=x"}),
        417: served.get("/", Authorization=key, Expect="wonders"),
    }
    monkeypatch.setattr("web.http.limits.DEFAULT", Policy("default", 1))
    served.get("/", Authorization=key)
    answers[429] = served.get("/", Authorization=key)
    assert {status: answer.status for status, answer in answers.items()} == {one: one for one in answers}
    for status, answer in answers.items():
        assert without(answer, *ALWAYS) == [], status


NO_REQUESTS = (
    b"\x16\x03\x01\x02\x00",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n",
)


@pytest.mark.parametrize("said", NO_REQUESTS)
def test_what_is_no_request_gets_them_too(served: Served, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as raw:
        raw.sendall(said)
        answer = http.client.HTTPResponse(raw)
        answer.begin()
        assert answer.status == 400
        assert [name for name in ALWAYS if not answer.headers[name]] == []
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert b"could not be understood" in answer.read()
