"""Versions of the weights on their page, decided on there; and what other weights would have said."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reports.operations.rules import propose_rules
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.test_rules import PROPOSED, write_weeks
from tests.integration.web.test_access import Browser, make_key
from tests.integration.web.upkeep import logged_in, noted, send
from tests.support.book import W03
from tests.support.served import Served, serving
from web.settings import WebSettings

PAGE = "/rules/v1%2B2022-W03"
EVIL = "<script>alert(1)</script>"
NEW = "layer=smc&weight=0.25&layer=trend&weight=0.35&layer=news&weight=0.4"


@pytest.fixture
def proposed(settings: Settings, connection: Connection) -> str:
    write_weeks(connection)
    version = propose_rules(settings, W03, utc_now())
    assert version == PROPOSED
    return version


@pytest.fixture
def browser(settings: Settings, web_settings: WebSettings) -> Iterator[Browser]:
    key = make_key(settings, "admin")
    with serving(web_settings) as running:
        yield logged_in(Browser(running), key)


def test_a_proposal_is_shown_with_its_evidence_and_exported(served: Served, proposed: str) -> None:
    assert "1 proposal to decide on" in served.get("/rules").text
    text = served.get(PAGE).text
    assert "hurts" in text
    assert '<td class="long">smc</td><td class="num">0.250</td>' in text
    file = served.get(f"{PAGE}/export")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(file.body)["weights"] == {"news": 0.4, "smc": 0.25, "trend": 0.35}
    assert served.get("/rules/none").status == 404


def test_names_of_versions_are_just_text(served: Served, connection: Connection) -> None:
    version = f"a/b {EVIL}+2022-W03"
    connection.execute(
        "INSERT INTO rules_versions (version, parent, week_start, weights, why, evidence)"
        " VALUES (%s, %s, '2022-01-17', '{\"<script>\": 1}', %s, '[]')",
        (version, EVIL, EVIL),
    )
    listed = served.get("/rules").text
    address = listed.partition('<td class="name"><a href="')[2].partition('"')[0]
    shown = served.get(address)
    assert shown.status == 200
    for text in (listed, shown.text):
        assert "<script>" not in text


@pytest.mark.parametrize(("word", "status"), [("accept", "accepted"), ("reject", "rejected")])
def test_a_proposal_is_decided_on_once(
    browser: Browser, connection: Connection, proposed: str, word: str, status: str
) -> None:
    page = browser.get(PAGE)
    token = browser.jar["signaltape_form"].value
    assert browser.post(f"{PAGE}/{word}", "csrf=none").status == 403
    answer = browser.post(f"{PAGE}/{word}", f"csrf={token}")
    assert (answer.status, answer.headers["Location"]) == (303, PAGE)
    assert connection.execute("SELECT status FROM rules_versions").fetchall() == [(status,)]
    assert send(browser, page, f"{PAGE}/accept").status == 409
    assert [row[1:] for row in noted(connection)] == [
        (f"{word} rules {proposed}", "done"),
        (f"accept rules {proposed}", f"failed: {proposed} is {status}, not proposed"),
    ]


def test_who_may_only_read_cannot_decide(
    settings: Settings, web_settings: WebSettings, connection: Connection, proposed: str
) -> None:
    with serving(web_settings) as running:
        reader = logged_in(Browser(running), make_key(settings))
        assert "<button>Accept" not in reader.get(PAGE).text
        token = reader.jar["signaltape_form"].value
        assert reader.post(f"{PAGE}/accept", f"csrf={token}").status == 403
    assert connection.execute("SELECT status FROM rules_versions").fetchall() == [("proposed",)]


def test_what_if_shows_both_scorecards_and_is_an_address(served: Served, proposed: str) -> None:
    form = served.get("/rules/what-if?week=2022-W03").text
    assert 'value="smc"' in form
    assert 'value="0.3"' in form
    assert 'value="0.250"' in served.get(f"/rules/what-if?from={PROPOSED.replace('+', '%2B')}").text
    text = served.get(f"/rules/what-if?week=2022-W03&weeks=8&{NEW}&layer={EVIL}&weight=1&layer=&weight=").text
    assert "512 signals with layers" in text
    assert "No signal names these layers: &lt;script&gt;" in text
    assert "<script>" not in text
    none = served.get(f"/rules/what-if?week=2020-W03&{NEW}")
    assert "No signal with layers was published" in none.text


@pytest.mark.parametrize(
    "query",
    [
        "weeks=0",
        "weeks=521",
        "week=soon",
        "layer=a",
        "layer=a&weight=x",
        "layer=a&weight=1e99",
        "layer=a&weight=NaN",
    ],
)
def test_what_cannot_be_compared_is_said(served: Served, query: str) -> None:
    assert served.get(f"/rules/what-if?{query}").status == 400
