"""The example engine under attack: whatever is asked, it answers in its own way and goes on answering."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.engine_process import Engine, engine
from tests.support.raw_http import exchange, reply_of, request_of

#: More than anybody attacks with here.
UNLIMITED = ("--rate", "1000000/second")


@pytest.fixture(scope="module")
def open_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine(tmp_path_factory.mktemp("open"), *UNLIMITED) as one:
        yield one


@pytest.fixture(autouse=True)
def it_still_answers(open_engine: Engine) -> Iterator[None]:
    yield
    assert open_engine.get("/api/signal/SOL").status == 200


def test_a_symbol_that_is_unknown_is_a_problem(open_engine: Engine) -> None:
    reply = open_engine.get("/api/signal/DOGE")
    problem = json.loads(reply.body)
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/problem+json"
    assert (problem["title"], problem["status"]) == ("Not Found", 404)
    assert problem["detail"] == "This engine does not know that symbol. It knows BTC, ETH, SOL, XRP."
    assert problem["request_id"] == reply.headers["x-request-id"]


PATHS = [
    "/api/signal/../../etc/passwd",
    "/api/signal/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/api/signal/SOL%00",
    "/api/signal/SOL%0d%0aX-Evil:%201",
    "/api/signal/%ff%fe",
    "/api/signal/" + "A" * 5000,
    "/api/signal/SOL'%20OR%201=1--",
    "/api/signal/<script>alert(1)</script>",
    "/api/signal/%F0%9F%92%A3",
    "/api/signal/{{7*7}}",
    "/api/signal/",
    "//evil.example/api/signal/SOL",
    "/%2f%2fevil.example",
    "/api/signal/SOL;x=1",
    "/api/signal/sol",
    "/" + "a/" * 2000,
    "/api/signal/SOL%20",
    "*",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_path_is_told_that_there_is_nothing(open_engine: Engine, path: str) -> None:
    reply = open_engine.get(path)
    assert reply.status in (404, 414)
    assert "x-evil" not in reply.headers
    if reply.status == 404:
        problem = json.loads(reply.body)
        assert problem["instance"].isascii()
        assert len(reply.body) < 4000
        assert b"<script>" not in reply.body


IDS = [
    "a\tb",
    "x" * 129,
    "x" * 60_000,
    "<script>",
    "1 2",
    "a,b",
    "\x7f",
    "ÿ",
    "a: b",
    "%0d%0aX-Evil:%201",
    "'",
    '"',
    "-",
]


@pytest.mark.parametrize("request_id", IDS)
def test_an_id_that_is_no_id_is_replaced(open_engine: Engine, request_id: str) -> None:
    reply = open_engine.get("/api/signal/SOL", f"X-Request-Id: {request_id}")
    assert reply.status == 200
    assert len(reply.headers["x-request-id"]) == 32
    assert "x-evil" not in reply.headers


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\t", "\0"])
def test_an_id_begins_no_header_of_an_answer(open_engine: Engine, end: str) -> None:
    raw = f"GET /api/signal/SOL HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: a{end}X-Evil: 1\r\n\r\n"
    answer = exchange(open_engine.port, raw.encode("latin-1"))
    assert b"X-Evil" not in answer.partition(b"\r\n\r\n")[0]
    assert reply_of(answer).status in (200, 400)


def test_a_header_that_is_huge_is_refused_or_ignored(open_engine: Engine) -> None:
    for size in (10_000, 70_000, 1_000_000):
        answer = exchange(open_engine.port, request_of("GET", "/api/signal/SOL", "X-Big: " + "b" * size))
        assert not answer or reply_of(answer).status in (200, 400, 431)


def test_headers_without_end_are_refused(open_engine: Engine) -> None:
    answer = exchange(open_engine.port, request_of("GET", "/health", *(f"X-{n}: 1" for n in range(5000))))
    assert not answer or reply_of(answer).status in (400, 431)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE", "CONNECT", "BREW", "G" * 3000])
def test_another_method_is_told_so(open_engine: Engine, method: str) -> None:
    answer = exchange(open_engine.port, request_of(method, "/api/signal/SOL"))
    reply = reply_of(answer)
    assert reply.status in (400, 405, 414, 501)
    if reply.status == 405:
        assert json.loads(reply.body)["title"] == "Method Not Allowed"
        assert "GET" in reply.headers["allow"]


@pytest.mark.parametrize(
    "raw", [b"\0" * 500, b"GET\r\n\r\n", b"\x16\x03\x01" + b"a" * 200 + b"\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_request_ends(open_engine: Engine, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", open_engine.port), 20) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            continue


def test_names_of_what_is_measured_do_not_grow_with_what_is_asked(tmp_path: Path) -> None:
    with engine(tmp_path, *UNLIMITED) as one:
        for number in range(100):
            one.get(f"/api/signal/{number}")
            one.get(f"/nothing/{number}")
    assert sorted(one.measured("http")) == ["GET /api/signal/<symbol>", "none"]


def test_a_burst_is_cut_at_100_a_second_with_headers_that_say_so(tmp_path: Path) -> None:
    with engine(tmp_path) as one, ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(lambda _: one.get("/api/signal/SOL"), range(600)))
        refused = [reply for reply in replies if reply.status == 429]
        counted = Counter(reply.status for reply in replies)
    assert set(counted) == {200, 429}
    assert counted[200] >= 100
    for reply in refused:
        assert reply.headers["ratelimit-limit"] == "100"
        assert reply.headers["ratelimit-remaining"] == "0"
        assert reply.headers["ratelimit-policy"] == '"default";q=100;w=1'
        assert reply.headers["ratelimit-reset"] in ("0", "1")
        assert reply.headers["retry-after"] == "1"
        assert json.loads(reply.body)["type"].endswith("#quota-exceeded")
    assert one.measured("http")["GET /api/signal/<symbol>"].statuses == {
        "2xx": counted[200],
        "429": counted[429],
    }
