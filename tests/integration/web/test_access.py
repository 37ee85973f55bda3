"""Who may ask, from where, how often; and what every answer carries."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from urllib.parse import quote

import msgspec
import pytest

from signaltape import Settings
from sink.db import Connection, database_url
from sink.pool import Pool
from tests.support.served import Answer, Served, serving
from web import keys
from web.http.limits import Policy
from web.settings import WebSettings

PROBLEM = "application/problem+json"


def make_key(settings: Settings, *scopes: str) -> keys.NewKey:
    async def make() -> keys.NewKey:
        pool = Pool(database_url(settings), name="test", most=1)
        await pool.open()
        try:
            async with pool.write() as session:
                return await keys.create(session, "trader", scopes or ("read",))
        finally:
            await pool.close()

    with ThreadPoolExecutor(1) as beside:  # this thread may be a browser's, with an event loop of its own
        return beside.submit(asyncio.run, make()).result()


@pytest.fixture
def key(settings: Settings) -> keys.NewKey:
    return make_key(settings)


@pytest.fixture
def guarded(key: keys.NewKey, web_settings: WebSettings) -> Iterator[Served]:
    """A dashboard with one key."""
    with serving(web_settings) as running:
        yield running


class Browser:
    """Keeps cookies and fills in forms."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.jar: SimpleCookie = SimpleCookie()

    def get(self, path: str) -> Answer:
        return self._kept(self._served.get(path, Cookie=self.cookies))

    def submit(self, page: str, action: str, **fields: str) -> Answer:
        token = re.search(r'name="csrf" value="(\w+)"', self.get(page).text)
        assert token is not None
        body = "&".join(f"{name}={value}" for name, value in {"csrf": token[1], **fields}.items())
        return self.post(action, body)

    def post(self, action: str, body: str, **headers: str) -> Answer:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookies, **headers}
        return self._kept(self._served.ask("POST", action, body, {"Accept": "text/html", **form}))

    @property
    def cookies(self) -> str:
        return "; ".join(f"{name}={one.value}" for name, one in self.jar.items() if one.value)

    def _kept(self, answer: Answer) -> Answer:
        for header in answer.headers.get_all("Set-Cookie") or ():
            self.jar.load(header)
        return answer


def bearer(key: keys.NewKey) -> str:
    return f"Bearer {key.text}"


def test_every_answer_carries_its_headers(served: Served) -> None:
    for path in ("/", "/nothing", "/api/signals", "/api/signals/x", "/static/none"):
        headers = served.get(path).headers
        for name in (
            *("X-Request-Id", "X-API-Version", "X-Model-Version", "X-Features-Version", "X-Rules-Version"),
            *("Content-Security-Policy", "X-Content-Type-Options", "Cache-Control", "Referrer-Policy"),
        ):
            assert headers[name], (path, name)
        assert "'unsafe" not in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_limits_are_told_in_old_numbers_and_in_new_fields(served: Served) -> None:
    headers = served.get("/").headers
    assert headers["RateLimit-Limit"] == "600"
    assert headers["RateLimit-Remaining"] == "599"
    assert headers["RateLimit-Policy"] == '"default";q=600;w=60'
    assert re.fullmatch(r'"default";r=599;t=\d+', headers["RateLimit"])


@pytest.mark.parametrize(("given", "kept"), [("abc-123.x:y_Z", True), ("a b", False), ("x" * 129, False)])
def test_a_sane_request_id_is_taken_over(served: Served, given: str, kept: bool) -> None:
    answer = served.get("/healthz", X_Request_Id=given)
    assert (answer.headers["X-Request-Id"] == given) is kept


def test_programs_get_problems_in_json(served: Served) -> None:
    answer = served.get("/api/signals/none", X_Request_Id="abc")
    assert answer.headers["Content-Type"].startswith(PROBLEM)
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": answer.json["detail"],
        "error": answer.json["detail"],
        "instance": "/api/signals/none",
        "request_id": "abc",
    }


def test_a_foreign_host_is_refused_while_there_is_no_key(served: Served) -> None:
    answer = served.get("/", Host="evil.example")
    assert answer.status == 421
    assert "python -m web keys create" in answer.text
    assert served.get("/", Host=f"localhost:{served.port}").status == 200


def test_without_a_key_nobody_is_answered_once_there_is_one(guarded: Served, key: keys.NewKey) -> None:
    page, call = guarded.get("/"), guarded.get("/api/signals")
    assert (page.status, page.headers["Location"]) == (303, "/login")
    assert (call.status, call.headers["WWW-Authenticate"]) == (401, 'Bearer realm="signaltape"')
    assert guarded.get("/api/signals", Authorization=bearer(key)).status == 200
    assert guarded.get("/api/signals", Authorization=bearer(key), Host="tape.example").status == 200
    assert guarded.get("/metrics", Accept="*/*").status == 401


@pytest.mark.parametrize("given", ["Bearer st_00000000_xxxx", "Bearer", "Basic YTpi", "Bearer " + "x" * 400])
def test_a_wrong_key_is_401_and_says_no_more(guarded: Served, given: str) -> None:
    answer = guarded.get("/api/signals", Authorization=given)
    assert answer.status == 401
    assert given.partition(" ")[2] not in answer.text or not given.partition(" ")[2]
    assert answer.headers["RateLimit-Remaining"]


def test_login_and_logout(guarded: Served, key: keys.NewKey) -> None:
    browser = Browser(guarded)
    assert browser.submit("/login", "/login", key="wrong").status == 401
    assert browser.submit("/login", "/login", key=key.text).headers["Location"] == "/"
    cookie = browser.jar["signaltape"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    page = browser.get("/")
    assert page.status == 200
    assert "trader" in page.text
    assert key.text not in page.text
    assert browser.submit("/", "/logout").headers["Location"] == "/login"
    assert browser.get("/").status == 303


def test_logins_are_written_down(guarded: Served, key: keys.NewKey, connection: Connection) -> None:
    browser = Browser(guarded)
    browser.submit("/login", "/login", key=key.text)
    browser.submit("/", "/logout")
    rows = connection.execute("SELECT who, what FROM web_audit ORDER BY id").fetchall()
    assert rows == [(f"trader ({key.key_id})", what) for what in ("login", "logout")]


def test_a_form_without_the_token_or_from_elsewhere_is_refused(guarded: Served, key: keys.NewKey) -> None:
    browser = Browser(guarded)
    assert browser.post("/login", f"key={key.text}").status == 403
    browser.get("/login")
    assert browser.post("/login", f"key={key.text}&csrf=0123").status == 403
    token = browser.jar["signaltape_form"].value
    body = f"key={key.text}&csrf={token}"
    assert browser.post("/login", body, Origin="http://evil.example").status == 403
    assert browser.post("/login", body, Origin=guarded.address).status == 303


def test_a_revoked_key_ends_its_logins(
    guarded: Served, key: keys.NewKey, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.http.access._BELIEVED_S", 0.0)
    browser = Browser(guarded)
    browser.submit("/login", "/login", key=key.text)
    assert browser.get("/").status == 200
    connection.execute("UPDATE api_keys SET revoked_at = now()")
    assert browser.get("/").status == 303
    assert guarded.get("/api/signals", Authorization=bearer(key)).status == 401


def test_revoking_the_last_key_opens_no_door_of_a_running_dashboard(
    guarded: Served, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.http.access._BELIEVED_S", 0.0)
    assert guarded.get("/").status == 303
    connection.execute("UPDATE api_keys SET revoked_at = now()")
    assert guarded.get("/").status == 303


def test_only_a_hash_of_a_key_is_stored_and_its_use_is_noted(
    guarded: Served, key: keys.NewKey, connection: Connection
) -> None:
    guarded.get("/api/signals", Authorization=bearer(key))
    secret = key.text.rpartition("_")[2]
    row = connection.execute("SELECT api_keys::text FROM api_keys").fetchone()
    assert row is not None
    assert secret not in row[0]


def test_more_than_the_quota_is_429_and_others_are_unharmed(
    guarded: Served, key: keys.NewKey, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.http.limits.DEFAULT", Policy("default", 5))
    answers = [guarded.get("/api/scorecards", Authorization=bearer(key)) for _ in range(7)]
    assert [one.status for one in answers] == [200] * 5 + [429] * 2
    refused = answers[-1]
    assert int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert refused.json["type"].endswith("#quota-exceeded")
    other = make_key(settings)
    assert guarded.get("/api/scorecards", Authorization=bearer(other)).status == 200


def test_logins_are_limited_by_address(guarded: Served) -> None:
    browser = Browser(guarded)
    statuses = [browser.submit("/login", "/login", key="wrong").status for _ in range(11)]
    assert statuses == [401] * 10 + [429]


def test_only_named_origins_may_ask_from_their_pages(web_settings: WebSettings) -> None:
    settings = msgspec.structs.replace(web_settings, origins=frozenset({"https://mine.example"}))
    asked = {"Access-Control-Request-Method": "GET"}
    with serving(settings) as served:
        mine = served.get("/api/scorecards", Origin="https://mine.example")
        assert mine.headers["Access-Control-Allow-Origin"] == "https://mine.example"
        assert (
            "Access-Control-Allow-Origin"
            not in served.get("/api/scorecards", Origin="https://x.example").headers
        )
        wrong = served.get("/api/nothing", Origin="https://mine.example")
        assert wrong.status == 404
        assert wrong.headers["Access-Control-Allow-Origin"] == "https://mine.example"
        assert "Access-Control-Allow-Origin" not in served.get("/", Origin="https://mine.example").headers
        before = served.ask("OPTIONS", "/api/signals", headers={"Origin": "https://mine.example", **asked})
        assert (before.status, before.headers["Access-Control-Allow-Methods"]) == (204, "GET, POST")


def test_pages_go_out_as_gzip_to_who_takes_it(served: Served) -> None:
    assert served.get("/").headers["Content-Encoding"] is None
    packed = served.get("/", Accept_Encoding="gzip, deflate, br")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "<main" in packed.text


ODD = (
    "%FF",
    "%00",
    "%ED%A0%80",
    "%2e%2e%2f%2e%2e%2fkeys.py",
    "x" * 5000,
    "٣",
    "%7B%7B1%7D%7D",
    "-0",
    "1e999",
)


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_address_ends_in_a_traceback(served: Served, odd: str) -> None:
    odd = quote(odd, safe="%")
    paths = [f"/{room}/{odd}" for room in ("signals", "score", "static", "api/signals", "api/scorecards")]
    queries = [f"/signals?{name}={odd}" for name in ("q", "symbol", "after", "low", "bin", "since", "limit")]
    for path in (*paths, *queries, f"/api/events?after={odd}&kind=x"):
        assert served.get(path).status < 500, path


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", "key=ÿ%FF&csrf=%ED%A0%80"),
        ("application/x-www-form-urlencoded; charset=none", "key=x"),
        ("multipart/form-data; boundary=x", "no parts at all"),
        ("application/json", "{"),
    ],
)
def test_no_odd_body_ends_in_a_traceback(guarded: Served, content_type: str, body: str) -> None:
    browser = Browser(guarded)
    browser.get("/login")
    assert 400 <= browser.post("/login", body, **{"Content-Type": content_type}).status < 500


def test_a_huge_body_is_refused(guarded: Served) -> None:
    browser = Browser(guarded)
    browser.get("/login")
    assert browser.post("/login", "key=" + "x" * 300_000).status == 413
