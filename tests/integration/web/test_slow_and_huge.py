"""Slow, endless, huge and senseless requests cost themselves, and nobody else anything."""

from __future__ import annotations

import random
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from signaltape import Settings
from tests.integration.conftest import Runner
from tests.integration.web.test_access import bearer, make_key
from tests.integration.web.test_process import address_said_by
from tests.support.served import Served, serving
from tests.support.waiting import eventually
from web.http.limits import Policy
from web.settings import WebSettings

_WITHIN_S = 30.0
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
HEADERS = (
    b"Host Origin Cookie Authorization Accept Content-Type X-Request-Id Accept-Encoding Last-Event-ID "
    b"Content-Length Transfer-Encoding Expect Upgrade Range If-None-Match"
).split()
#: Signs that a parser refuses, and those that it lets through to us.
ODD = (b"\x00\x7f\xff\xc3\x28%\"'<>;:,=[]{}\\/\t ", b"\xff\xc3\x28%\"'<>;:,=[]{}\\/?&.0-")
FORM = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def connected(served: Served) -> Iterator[Callable[[], socket.socket]]:
    with ExitStack() as opened:
        yield lambda: opened.enter_context(to(served.port))


def to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_WITHIN_S)


def until_closed(raw: socket.socket) -> bytes:
    """All that is said until the other end closes, or fails."""
    said = b""
    with suppress(ConnectionError):
        while piece := raw.recv(65_536):
            said += piece
    return said


def dribbled(raw: socket.socket, piece: bytes, most_s: float = 10.0) -> float:
    """Send a piece again and again until the other end has closed: after how many seconds."""
    began = time.monotonic()
    raw.settimeout(0.02)
    while time.monotonic() - began < most_s:
        try:
            raw.sendall(piece)
            if not raw.recv(65_536):
                break
        except TimeoutError:
            continue
        except ConnectionError:
            break
    return time.monotonic() - began


def test_a_header_that_never_ends_is_cut(
    monkeypatch: pytest.MonkeyPatch, connected: Callable[[], socket.socket]
) -> None:
    monkeypatch.setattr("web.listening.IDLE_S", 0.3)
    raw = connected()
    raw.sendall(HEAD)
    assert 0.2 < dribbled(raw, b"X-A: b\r\n") < 5


def test_so_is_one_behind_a_request_that_was_answered(
    monkeypatch: pytest.MonkeyPatch, connected: Callable[[], socket.socket]
) -> None:
    monkeypatch.setattr("web.listening.IDLE_S", 0.3)
    raw = connected()
    raw.sendall(HEAD + b"\r\n")
    assert raw.recv(65_536).startswith(b"HTTP/1.1 200")
    raw.sendall(HEAD)
    assert dribbled(raw, b"a") < 5


def test_a_body_that_never_ends_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch, connected: Callable[[], socket.socket]
) -> None:
    monkeypatch.setattr("web.http.bodies.WITHIN_S", 0.3)
    raw = connected()
    raw.sendall(FORM + b"Content-Length: 1000\r\n\r\nkey=")
    assert raw.recv(65_536).startswith(b"HTTP/1.1 408")
    assert served.get("/healthz").status == 200


def test_who_takes_nothing_of_an_answer_is_cut(
    served: Served, monkeypatch: pytest.MonkeyPatch, connected: Callable[[], socket.socket]
) -> None:
    monkeypatch.setattr("web.listening.STUCK_S", 0.3)
    raw = connected()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    asked = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"

    def cut() -> bool:
        try:
            raw.send(asked)  # until no more of the answers fits anywhere, and longer
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        return False

    eventually(cut)


def test_a_new_connection_is_taken_where_all_others_only_wait(
    served: Served, monkeypatch: pytest.MonkeyPatch, connected: Callable[[], socket.socket]
) -> None:
    monkeypatch.setattr("web.listening.MOST_CONNECTIONS", 5)
    slow = [connected() for _ in range(8)]
    for raw in slow:
        raw.sendall(HEAD)
    assert [served.get("/healthz").status for _ in range(3)] == [200] * 3
    assert until_closed(slow[0]) == b""


def test_packed_and_broken_bodies_are_refused(connected: Callable[[], socket.socket]) -> None:
    packed = connected()
    packed.sendall(FORM + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")
    assert b" 415 " in packed.recv(65_536)
    broken = connected()
    broken.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n")
    assert b" 400 " in broken.recv(65_536)


@pytest.mark.parametrize("charset", ["punycode", "utf-7", "unicode_escape", "idna", "latin-1", ""])
def test_a_body_in_a_strange_charset_is_not_decoded(served: Served, charset: str) -> None:
    kind = f"application/x-www-form-urlencoded; charset={charset}"
    body = f"csrf=+2AA-&key={'a' * 1000}-\\ud800"
    answer = served.ask("POST", "/login", body, {"Content-Type": kind})
    assert answer.status == (415 if charset else 403)


def test_senseless_bytes_end_in_no_traceback(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.listening.IDLE_S", 0.3)
    monkeypatch.setattr("web.http.bodies.WITHIN_S", 0.3)
    chance = random.Random(20_220_117)
    with ThreadPoolExecutor(20) as several:
        answers = list(
            several.map(lambda said: asked(served.port, said), (senseless(chance) for _ in range(80)))
        )
    statuses = Counter(int(one[1]) for said in answers for one in re.finditer(rb"HTTP/1\.[01] (\d+)", said))
    assert {status for status in statuses if status >= 500} == set()
    assert statuses[400] > 10
    assert not any(b"Traceback" in said or b".py" in said for said in answers)
    assert served.get("/healthz").status == 200


def asked(port: int, said: bytes) -> bytes:
    with to(port) as raw:
        with suppress(ConnectionError):
            raw.sendall(said)
        return until_closed(raw)


def senseless(chance: random.Random) -> bytes:
    """A request of which something is wrong."""
    odd = bytes(chance.choices(chance.choice(ODD), k=chance.randrange(1, 40)))
    name = chance.choice(HEADERS)
    method, path = (
        chance.choice((b"GET", b"POST", b"HEAD", b"OPTIONS")),
        chance.choice((b"/", b"/login", b"/api/signals")),
    )
    kinds = (
        b"%b %b HTTP/1.1\r\nHost: localhost\r\n%b: %b\r\nConnection: close\r\n\r\n"
        % (method, path, name, odd),
        b"%b %b%b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % (method, path, odd),
        b"%b %b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\nConnection: close\r\n\r\n%b"
        % (method, path, odd),
        odd + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000 + b"\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    )
    return chance.choice(kinds)


def test_a_burst_is_answered_429_and_others_are_unharmed(
    settings: Settings, web_settings: WebSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.http.limits.DEFAULT", Policy("default", 20))
    loud, quiet = make_key(settings), make_key(settings)
    with serving(web_settings) as served, ThreadPoolExecutor(10) as several:
        burst = [
            several.submit(served.get, "/api/scorecards", Authorization=bearer(loud)) for _ in range(100)
        ]
        other = [served.get("/api/scorecards", Authorization=bearer(quiet)) for _ in range(5)]
        answers = [one.result() for one in burst]
    assert [one.status for one in other] == [200] * 5
    statuses = Counter(one.status for one in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] <= 2 * 20  # a minute may end amid the burst
    for one in answers:
        left, reset = one.headers["RateLimit-Remaining"], one.headers["RateLimit-Reset"]
        assert one.headers["RateLimit-Limit"] == "20"
        assert one.headers["RateLimit-Policy"] == '"default";q=20;w=60'
        assert one.headers["RateLimit"] == f'"default";r={left};t={reset}'
        if one.status == 429:
            assert (left, one.json["type"].rpartition("#")[2]) == ("0", "quota-exceeded")
            assert 1 <= int(one.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("path", ["/api/replay/sessions"])
def test_building_sessions_has_a_limit_of_its_own(served: Served, path: str) -> None:
    answers = [served.ask("POST", path, "{}", {"Content-Type": "application/json"}) for _ in range(7)]
    assert 429 not in [one.status for one in answers[:6]]
    assert (answers[6].status, answers[6].headers["RateLimit-Policy"]) == (429, '"building";q=6;w=60')
    assert served.get("/api/scorecards").status == 200


def test_huge_bodies_take_no_memory_and_nobody_slow_delays_the_end(runner: Runner) -> None:
    process = runner.start("web", "--port", "0")
    _, port = address_said_by(process)
    with ExitStack() as opened:
        before = most_kib(process.popen.pid)
        for _ in range(3):
            huge = opened.enter_context(to(port))
            with suppress(ConnectionError):
                huge.sendall(FORM + b"Transfer-Encoding: chunked\r\n\r\n")
                for _ in range(160):
                    huge.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        assert most_kib(process.popen.pid) - before < 24 * 1024
        for said in (
            HEAD,
            FORM + b"Content-Length: 1000\r\n\r\nkey=",
            b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ):
            for _ in range(3):
                opened.enter_context(to(port)).sendall(said)
        assert b" 200 " in asked(port, HEAD + b"Connection: close\r\n\r\n")
        began = time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        code, _, err = process.finish(timeout=20)
    assert time.monotonic() - began < 10
    assert (code, "Traceback" in err) == (0, False), err


def most_kib(pid: int) -> int:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1])
