"""Limits, keys and problems are the same whichever framework answers."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from signaltape.http import Client, Cors, HttpHooks, Keys, Limit
from tests.support.hooked import Serve
from tests.support.measured_http import statuses
from tests.support.raw_http import Reply, ask


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def problem(reply: Reply) -> dict[str, Any]:
    assert reply.headers["content-type"] == "application/problem+json"
    assert int(reply.headers["content-length"]) == len(reply.body)
    fields: dict[str, Any] = json.loads(reply.body)
    assert fields["status"] == reply.status
    return fields


def test_one_who_asks_too_often_is_told_so_and_when_to_come_back(serve: Serve) -> None:
    with serve(HttpHooks(limit=Limit(rate="3/hour", free=frozenset({"/empty"})))) as on:
        passed = [ask(on.port, "GET", "/json/SOL") for _ in range(3)]
        refused = ask(on.port, "GET", "/json/SOL")
        assert ask(on.port, "GET", "/empty").status == 204
        assert statuses(on.tape)[f"GET {on.json}"] == {"2xx": 3, "429": 1}
    assert [one.headers["ratelimit-remaining"] for one in passed] == ["2", "1", "0"]
    assert refused.status == 429
    assert problem(refused)["type"].endswith("#quota-exceeded")
    assert refused.headers["ratelimit-limit"] == "3"
    assert refused.headers["ratelimit-remaining"] == "0"
    assert 0 < int(refused.headers["ratelimit-reset"]) <= 3600
    assert refused.headers["ratelimit-policy"] == '"default";q=3;w=3600'
    assert int(refused.headers["retry-after"]) == int(refused.headers["ratelimit-reset"])


def test_what_a_framework_says_of_an_error_becomes_a_problem(serve: Serve) -> None:
    with serve(HttpHooks(problems=True, request_ids=True)) as on:
        unknown = ask(on.port, "GET", "/nothing/here", "X-Request-Id: r1")
        method = ask(on.port, "PUT", "/echo")
        failed = ask(on.port, "GET", "/boom")
        said = ask(on.port, "GET", "/abort")
        head = ask(on.port, "HEAD", "/nothing/here")
        counted = statuses(on.tape)
    assert problem(unknown) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is nothing at this address.",
        "instance": "/nothing/here",
        "request_id": "r1",
    }
    assert problem(method)["title"] == "Method Not Allowed"
    assert "POST" in method.headers["allow"]
    assert problem(failed)["detail"].startswith("Something went wrong here.")
    assert problem(said)["detail"] == "no such plan"
    assert (head.status, head.body) == (404, b"")
    assert head.headers["content-type"] == "application/problem+json"
    assert counted["GET /boom"] == {"5xx": 1}
    assert counted["none"]["4xx"] >= 2


def test_an_engines_own_error_and_a_persons_page_stay_as_they_are(serve: Serve) -> None:
    asked = [("GET", "/own-error", "Accept: */*"), ("GET", "/nothing", "Accept: text/html,*/*")]
    with serve(None) as off, serve(HttpHooks(problems=True)) as on:
        for call in asked:
            assert ask(on.port, *call) == ask(off.port, *call)


def test_an_error_in_the_middle_of_a_stream_ends_it_as_without_hooks(serve: Serve) -> None:
    with serve(None) as off, serve(HttpHooks(problems=True)) as on:
        assert ask(on.port, "GET", "/breaks") == ask(off.port, "GET", "/breaks")
        assert statuses(on.tape) == {"GET /breaks": {"5xx": 1}}


def hooks_with_keys(json_pattern: str) -> HttpHooks:
    desk = Client(name="desk", sha256=(digest("old key"), digest("new key")), scopes=frozenset({"read"}))
    trader = Client(name="trader", sha256=(digest("third"),), scopes=frozenset({"read", "write"}))
    routes = {"/empty": None, "POST /echo": "write", json_pattern: "read"}
    return HttpHooks(keys=Keys(clients=(desk, trader), routes=routes, otherwise="admin"))


@pytest.fixture
def pattern(request: pytest.FixtureRequest) -> str:
    return "/json/<symbol>" if request.node.callspec.params["serve"] == "flask" else "/json/{symbol}"


def bearer(key: str) -> str:
    return f"Authorization: Bearer {key}"


def test_both_keys_of_a_client_are_good_while_one_replaces_the_other(serve: Serve, pattern: str) -> None:
    with serve(hooks_with_keys(pattern)) as on:
        for key in ("old key", "new key"):
            assert ask(on.port, "GET", "/json/SOL", bearer(key)).status == 200
            assert ask(on.port, "HEAD", "/json/SOL", f"X-Api-Key: {key}").status == 200


@pytest.mark.parametrize(
    "given", ["bearer", "Bearer ", "Bearer wrong", "Basic third", "third", "Bearer " + "x" * 5000]
)
def test_whoever_has_none_is_told_that_one_is_needed(serve: Serve, pattern: str, given: str) -> None:
    with serve(hooks_with_keys(pattern)) as on:
        reply = ask(on.port, "GET", "/json/SOL", f"Authorization: {given}")
        assert reply.status == 401
        assert reply.headers["www-authenticate"] == "Bearer"
        assert "API key" in problem(reply)["detail"]


def test_a_key_opens_what_its_scopes_say_and_nothing_else(serve: Serve, pattern: str) -> None:
    with serve(hooks_with_keys(pattern)) as on:
        assert ask(on.port, "GET", "/empty").status == 204
        refused = ask(on.port, "POST", "/echo", bearer("new key"), body=b"x")
        assert refused.status == 403
        assert problem(refused)["detail"] == "This key does not have the scope write."
        assert ask(on.port, "POST", "/echo", bearer("third"), body=b"x").body == b"x"
        for path in ("/file", "/nothing", "/empty/", "/EMPTY", "/%65mpty/..", "/json/SOL/"):
            assert ask(on.port, "GET", path).status in (401, 404), path
            assert ask(on.port, "GET", path, bearer("third")).status == 403, path


def test_a_client_is_counted_by_its_name_whichever_key_it_has(serve: Serve, pattern: str) -> None:
    keys = hooks_with_keys(pattern).keys
    with serve(HttpHooks(limit=Limit(rate="2/hour"), keys=keys)) as on:
        used = [
            ask(on.port, "GET", "/json/SOL", bearer(key)).status for key in ("old key", "new key", "old key")
        ]
        other = ask(on.port, "GET", "/json/SOL", bearer("third")).status
        nobody = [ask(on.port, "GET", "/json/SOL", bearer("wrong")).status for _ in range(3)]
    assert used == [200, 200, 429]
    assert other == 200
    assert nobody == [401, 401, 429]


def test_a_browser_asks_before_without_a_key(serve: Serve, pattern: str) -> None:
    origins = Cors(origins=frozenset({"https://d.example"}))
    hooks = HttpHooks(keys=hooks_with_keys(pattern).keys, cors=origins, limit=Limit(rate="1/hour"))
    asked = ("Origin: https://d.example", "Access-Control-Request-Method: GET")
    with serve(hooks) as on:
        for _ in range(3):
            assert ask(on.port, "OPTIONS", "/json/SOL", *asked).status == 204, "and is not counted"
        refused = ask(on.port, "GET", "/json/SOL", asked[0])
    assert refused.status == 401
    assert refused.headers["access-control-allow-origin"] == "https://d.example", "its page may read why"


@pytest.mark.parametrize("serve", ["starlette", "aiohttp"], indirect=True)
def test_no_websocket_opens_without_a_key(serve: Serve) -> None:
    upgrade = (
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with serve(HttpHooks(keys=Keys(clients=()), request_ids=True)) as on:
        refused = ask(on.port, "GET", "/socket/me", "Connection: Upgrade", *upgrade)
    assert refused.status == 401
    assert problem(refused)["title"] == "Unauthorized"
    assert "x-request-id" in refused.headers
