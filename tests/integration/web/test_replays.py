"""Replays over HTTP: the six calls, what steers a replay, its pages, and the badge on every page while one runs."""

from __future__ import annotations

import http.client
import json
import re
import signal
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any

import pytest

from replay.archive.layout import sessions_folder
from replay.sessions.steering import is_running
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.web.test_access import Browser, make_key
from tests.integration.web.test_process import address_said_by
from tests.support.book import Book
from tests.support.served import Answer, Served, serving
from tests.support.waiting import eventually
from web.settings import WebSettings

DAY = {"from": "2022-01-17", "to": "2022-01-18"}
JSON = {"Content-Type": "application/json"}


def post(served: Served, call: str, body: Any = None, **headers: str) -> Answer:
    return served.ask("POST", f"/api/replay/{call}", json.dumps(body or {}), {**JSON, **headers})


def status(served: Served, session: str = "") -> Any:
    return served.get(f"/api/replay/status{f'?session={session}' if session else ''}").json


def test_a_session_is_built_run_steered_and_stopped(
    served: Served, session: str, serve: Any, connection: Connection
) -> None:
    built = post(served, "sessions", {"sourceDateRange": DAY, "notes": "again"})
    assert built.status == 201, built.text
    assert (built.json["totalEvents"], built.json["state"], built.json["notes"]) == (60, "ready", "again")
    again = built.json["sessionId"]
    assert built.headers["Location"] == f"/api/replay/sessions/{again}"
    assert served.get(f"/api/replay/sessions/{again}").json == built.json
    assert [one["sessionId"] for one in served.get("/api/replay/sessions").json] == [again, session]
    assert status(served)["sessionId"] is None

    ran = post(served, "run", {"sessionId": again})
    assert (ran.status, ran.json) == (200, {"success": True, "message": f"{again} is being replayed"})
    refused = post(served, "run", {"sessionId": again})
    assert (refused.status, refused.json["error"]) == (409, f"session {again} is being replayed already")
    assert eventually(lambda: status(served)["currentEventIndex"]) == 1
    for call, more, shows in (
        ("pause", {}, {"paused": True}),
        ("step", {}, {"currentEventIndex": 2, "paused": True}),
        ("seek", {"index": 57}, {"paused": True}),
        ("loop", {"loop": True}, {"loop": True}),
        ("speed", {"speedFactor": 120}, {"speedFactor": 120.0}),
        ("resume", {}, {"paused": False}),
    ):
        done = post(served, call, {"sessionId": again, **more})
        assert (done.status, done.json["success"]) == (200, True), done.text
        eventually(partial(_stands_so, served, again, shows))
    assert post(served, "stop").json == {"success": True, "message": f"{again} is stopping"}
    assert not status(served, again)["running"]
    assert post(served, "stop").status == 409
    noted = [what for (what,) in connection.execute("SELECT what FROM web_audit ORDER BY id").fetchall()]
    assert noted[:2] == [
        "replay: build a session of 2022-01-17 00:00:00 WIB to 2022-01-18 00:00:00 WIB",
        f"replay: run {again}",
    ]
    assert noted[-1] == f"replay: stop {again}"


def _stands_so(served: Served, session: str, shows: dict[str, Any]) -> bool:
    return bool(shows.items() <= status(served, session).items())


def _says(person: Browser, page: str, words: str) -> bool:
    return words in person.get(page).text


def test_every_page_bears_the_badge_while_a_session_is_replayed(
    served: Served, session: str, serve: Any
) -> None:
    pages = ("/", "/score", "/signals", "/health", "/replay", f"/replay/{session}", "/nothing")
    assert all("▶ REPLAY" not in _title(served.get(path)) for path in pages)
    assert post(served, "run", {"sessionId": session, "speedFactor": 2}).status == 200
    eventually(lambda: " · speed 2<" in served.get("/health").text)
    for path in pages:
        found = served.get(path)
        assert _title(found).startswith("▶ REPLAY"), path
        assert 'class="replaying"' in found.text
        assert re.search(r'id="icon" href="/static/icon-replay\.\w+\.svg"', found.text)
        assert re.search(rf"REPLAY MODE.*{session} · speed 2<", found.text)
    assert post(served, "stop", {"sessionId": session}).status == 200
    eventually(lambda: "▶ REPLAY" not in _title(served.get("/health")))
    assert all("▶ REPLAY" not in _title(served.get(path)) for path in pages)


def _title(answer: Answer) -> str:
    found = re.search(r"<title>(.*)</title>", answer.text)
    assert found is not None
    return found[1]


def test_what_is_replayed_is_heard_on_a_stream_of_its_own(
    served: Served, session: str, serve: Any, web_settings: WebSettings
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)) as follower:
        follower.request("GET", f"/api/replay/events?session={session}")
        answer = follower.getresponse()
        assert answer.status == 200
        assert post(served, "run", {"sessionId": session, "max": True}).status == 200
        lines = (line for line in iter(answer.readline, b"") if line.startswith(b'data: {"id'))
        heard = [json.loads(line[6:]) for line in islice(lines, 60)]
    assert [one["index"] for one in heard] == list(range(60))
    assert {(one["replay"], one["stream"]) for one in heard} == {
        (session, f"{web_settings.common.stream}:replay:{session}")
    }
    assert '<span class="number">59</span> SOL-USDT order_log' in served.get(f"/replay/{session}").text
    assert served.get("/api/replay/events?session=none").status == 404
    assert served.get(f"/api/replay/events?session={session}&after=x").status == 400


def test_a_web_process_that_dies_ends_no_replay(
    runner: Runner, session: str, serve: Any, web_settings: WebSettings
) -> None:
    process = runner.start("web", "--port", "0", SIGNALTAPE_DATA=str(web_settings.common.data))
    with closing(http.client.HTTPConnection(*address_said_by(process), timeout=30)) as connection:
        connection.request("POST", "/api/replay/run", json.dumps({"sessionId": session}), JSON)
        assert connection.getresponse().status == 200
        process.popen.send_signal(signal.SIGKILL)
        process.popen.wait(10)
    folder = sessions_folder(web_settings.common.data) / session
    assert is_running(folder)
    with serving(web_settings) as served:
        assert status(served)["sessionId"] == session
        assert post(served, "stop", {"sessionId": session}).status == 200
    assert not is_running(folder)


def test_without_the_process_what_is_asked_for_waits_and_says_so(served: Served, session: str) -> None:
    built = post(served, "sessions", {"sourceDateRange": DAY})
    assert (built.status, built.json["totalEvents"], built.json["state"]) == (202, None, "waiting")
    assert served.get(f"/api/replay/sessions/{built.json['sessionId']}").json == built.json
    ran = post(served, "run", {"sessionId": session})
    assert ran.status == 202
    assert "start python -m replay serve" in ran.json["message"]
    assert post(served, "run", {"sessionId": session}).status == 409
    assert "Nobody builds or runs sessions now" in served.get("/replay").text
    assert "Waiting to be built" in served.get(f"/replay/{built.json['sessionId']}").text
    assert "will not be replayed" in post(served, "stop", {"sessionId": session}).json["message"]


@pytest.mark.parametrize(
    ("call", "body", "status", "said"),
    [
        ("sessions", {}, 422, "sourceDateRange"),
        ("sessions", {"sourceDateRange": {"from": "2022-01-17", "to": 5}}, 422, "$.sourceDateRange.to"),
        ("sessions", {"sourceDateRange": DAY, "speedFactor": 0}, 422, "$.speedFactor"),
        ("sessions", {"sourceDateRange": DAY, "speed": 1}, 422, "speed"),
        ("sessions", {"sourceDateRange": {"from": "never", "to": "2022"}}, 400, "from: a time looks like"),
        ("sessions", {"sourceDateRange": {"from": "2022-01-18", "to": "2022-01-17"}}, 400, "end later"),
        ("run", {"sessionId": "none"}, 404, "there is no session none"),
        ("run", {"sessionId": "../x"}, 404, "a session id is made of"),
        ("run", {"sessionId": "none", "mode": "SOME"}, 422, "$.mode"),
        ("stop", {"sessionId": "none"}, 404, "there is no session none"),
        ("stop", {}, 409, "Nothing is being replayed"),
        ("seek", {"sessionId": "none", "index": -1}, 422, "$.index"),
        ("pause", {"sessionId": "none"}, 404, "there is no session none"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(
    served: Served, call: str, body: Any, status: int, said: str
) -> None:
    refused = post(served, call, body)
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert (refused.status, said in refused.json["detail"]) == (status, True), refused.text


def test_a_body_that_is_no_json_is_refused(served: Served) -> None:
    for body in ("{", "\0", "é"):
        assert served.ask("POST", "/api/replay/run", body, JSON).status == 400


def test_only_who_may_replay_does(web_settings: WebSettings, session: str) -> None:
    readers, players = make_key(web_settings.common), make_key(web_settings.common, "replay")
    with serving(web_settings) as served:
        assert post(served, "run", {"sessionId": session}).status == 401
        refused = post(served, "run", {"sessionId": session}, Authorization=f"Bearer {readers.text}")
        assert (refused.status, "scope replay" in refused.json["detail"]) == (403, True)
        assert (
            post(served, "run", {"sessionId": session}, Authorization=f"Bearer {players.text}").status == 202
        )
        seen = served.get("/replay", Authorization=f"Bearer {readers.text}").text
        assert "needs a key with the scope" in seen
        assert "<button" not in seen.partition("<main")[2].partition("</main")[0]


def test_the_forms_do_it_without_a_script(
    served: Served, session: str, serve: Any, web_settings: WebSettings
) -> None:
    person = Browser(served)
    counted = person.submit(
        "/replay", "/replay/count", **{"from": "2022-01-17T00:00", "to": "2022-01-18T00:00"}
    )
    assert counted.status == 303
    assert (
        "<b>60</b> events lie in this span" in person.get(counted.headers["Location"].partition("#")[0]).text
    )
    built = person.submit(
        "/replay", "/replay/build", **{"from": "2022-01-17T00:00", "to": "2022-01-18T00:00"}
    )
    page = built.headers["Location"]
    assert (built.status, page.startswith("/replay/")) == (303, True)
    assert "60 events to replay" in person.get(page).text
    assert person.submit(page, f"{page}/run", speed="2").headers["Location"] == page
    eventually(partial(_says, person, page, "▶ Running, speed 2"))
    for fields, shows in (
        ({"do": "pause"}, "‖ Paused"),
        ({"do": "step"}, "‖ Paused"),
        ({"do": "speed", "value": "0.5"}, "speed 0.5"),
        ({"do": "speed", "value": ""}, "as fast as possible"),
        ({"do": "loop", "value": "on"}, "again and again"),
        ({"do": "stop"}, "Ended at event"),
    ):
        assert person.submit(page, f"{page}/steer", **fields).status == 303
        eventually(partial(_says, person, page, shows))
    assert person.submit(page, f"{page}/steer", do="fly").status == 400
    assert person.post(f"{page}/run", "speed=1").status == 403, "no token, no run"
    rows = re.findall(r"<tr>.*?</tr>", person.get("/replay").text, re.DOTALL)
    assert [session in rows[2], page[8:] in rows[1]] == [True, True]


def test_a_signal_leads_to_a_session_around_it(served: Served, book: Book) -> None:
    signal_id = book.closed_signal(0.82, 1.5)
    found = re.search(r'href="(/replay\?[^"]*)"', served.get(f"/signals/{signal_id}").text)
    assert found is not None
    page = served.get(found[1].replace("&amp;", "&").partition("#")[0])
    assert page.status == 200
    assert re.search(r"<b>\d+</b> events? lies?", page.text)


def test_hostile_texts_do_nothing_on_the_pages(served: Served, session: str, serve: Any) -> None:
    evil = '"><script>x</script>'
    built = post(served, "sessions", {"sourceDateRange": DAY, "notes": evil, "symbols": [evil]})
    assert built.status == 201
    for path in ("/replay", f"/replay/{built.json['sessionId']}", f"/replay?symbols={'%22%3E%3Cscript%3E'}"):
        assert "<script>" not in served.get(path).text
    assert served.get("/replay/%3Cscript%3E").status == 404
    assert served.get("/replay/..%2Fx").status == 404
