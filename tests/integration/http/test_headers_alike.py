"""Ids, versions and origins stand on every answer, whatever it is and whichever framework gave it."""

from __future__ import annotations

import pytest

from signaltape.http import Cors, HttpHooks, Versions
from tests.support.hooked import Serve
from tests.support.hooked_calls import CALLS
from tests.support.measured_http import measurements
from tests.support.raw_http import ask, exchange, reply_of, request_of

VERSIONS = Versions(
    api="1", model="gpts-ai-signal-2025.09.13", features="layers-8.3", rules="analysis-mode-1.2"
)
#: Called by a method that aiohttp does not even parse.
OF_APPLICATIONS = tuple(call for call in CALLS if not call.startswith(b"BREW"))
ORIGIN = "https://desk.example"


def test_every_answer_carries_them_and_is_otherwise_as_without(serve: Serve) -> None:
    hooks = HttpHooks(request_ids=True, versions=VERSIONS, cors=Cors(origins=frozenset({ORIGIN})))
    with serve(None) as off, serve(hooks) as on:
        for call in OF_APPLICATIONS:
            usual, dressed = reply_of(exchange(off.port, call)), reply_of(exchange(on.port, call))
            assert (dressed.status, dressed.body) == (usual.status, usual.body)
            added = {
                name: dressed.headers.pop(name) for name in dressed.headers.keys() - usual.headers.keys()
            }
            assert dressed.headers == usual.headers
            assert len(added.pop("x-request-id")) == 32
            assert added == {
                "x-api-version": "1",
                "x-model-version": "gpts-ai-signal-2025.09.13",
                "x-features-version": "layers-8.3",
                "x-rules-version": "analysis-mode-1.2",
                "vary": "Origin",
            }


@pytest.mark.parametrize("given", ["a-7f.3:x_1", "A" * 128])
def test_a_sane_id_is_taken_over_and_is_an_example_of_what_was_measured(serve: Serve, given: str) -> None:
    with serve(HttpHooks(request_ids=True)) as on:
        assert ask(on.port, "GET", "/boom", f"X-Request-Id: {given}").headers["x-request-id"] == given
        assert [one.examples for one in measurements(on.tape)] == [[given[:64]]]


@pytest.mark.parametrize(
    "given", ["", "A" * 129, "a b", "a;b", "-a", "a\x0bX-Evil: 1", "<script>", "é", "a,b", "%0d%0aX-Evil:1"]
)
def test_any_other_id_is_not(serve: Serve, given: str) -> None:
    with serve(HttpHooks(request_ids=True)) as on:
        reply = ask(on.port, "GET", "/json/SOL", f"X-Request-Id: {given}")
    assert "x-evil" not in reply.headers
    if reply.status == 200:  # a server may refuse what is no header at all
        made = reply.headers["x-request-id"]
        assert len(made) == 32
        assert int(made, 16)


def test_an_id_that_is_measured_only_is_not_on_the_answer(serve: Serve) -> None:
    with serve(HttpHooks()) as on:
        assert "x-request-id" not in ask(on.port, "GET", "/boom", "X-Request-Id: mine").headers
        assert [one.examples for one in measurements(on.tape)] == [["mine"]]


def test_a_page_of_the_list_may_read_and_is_told_before_it_sends(serve: Serve) -> None:
    with serve(HttpHooks(cors=Cors(origins=frozenset({ORIGIN})))) as on:
        asked = ("Access-Control-Request-Method: POST", f"Origin: {ORIGIN}")
        before = ask(on.port, "OPTIONS", "/echo", *asked)
        read = ask(on.port, "GET", "/stream", f"Origin: {ORIGIN}")
    assert (before.status, before.body) == (204, b"")
    assert before.headers["access-control-allow-origin"] == ORIGIN
    assert before.headers["access-control-allow-methods"] == "GET, HEAD, POST"
    assert "Authorization" in before.headers["access-control-allow-headers"]
    assert read.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in read.headers["access-control-expose-headers"]
    assert read.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://desk.example.evil.example", "*", ""]
)
def test_no_other_page_may(serve: Serve, origin: str) -> None:
    with serve(HttpHooks(cors=Cors(origins=frozenset({ORIGIN})))) as on:
        asked = ("Access-Control-Request-Method: POST", f"Origin: {origin}")
        replies = [ask(on.port, "OPTIONS", "/echo", *asked), ask(on.port, "GET", "/json/SOL", asked[1])]
    for reply in replies:
        assert not [name for name in reply.headers if name.startswith("access-control")]
        assert reply.headers["vary"] == "Origin"


def test_a_stream_goes_out_part_by_part_with_all_hooks_on(serve: Serve) -> None:
    hooks = HttpHooks(request_ids=True, problems=True, versions=VERSIONS)
    with serve(hooks) as on:
        sent = exchange(on.port, request_of("GET", "/stream"))
    assert b"data: 0\n\n" in sent
    assert sent.index(b"data: 0") < sent.index(b"data: 2")
