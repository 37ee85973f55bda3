"""Messages to Telegram on their page: how each stands, its text, another chance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from outbox.outbox import File, Outbox
from outbox.text import TextBuilder
from signaltape import Settings
from sink.db import Connection
from tests.integration.web.test_access import Browser, make_key
from tests.integration.web.upkeep import logged_in, noted, send
from tests.support.sending import SOON, now
from tests.support.served import Served, serving
from web.settings import WebSettings

EVIL = '"><img src=x onerror=alert(1)>'


@pytest.fixture
def number(connection: Connection) -> int:
    """A message with a file, of which it is not known whether it stands in the chat."""
    text = TextBuilder().line("📊 Scorecard", "bold").add(EVIL, "code").build()
    Outbox(connection).enqueue("k" + EVIL, "42", text, now() + SOON, [File("document", "week.pdf", b"%PDF")])
    row = connection.execute(
        "UPDATE outbox SET state = 'uncertain', lost_stubs = 1, last_error = %s RETURNING id", (EVIL,)
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def browser(settings: Settings, web_settings: WebSettings) -> Iterator[Browser]:
    key = make_key(settings, "admin")
    with serving(web_settings) as running:
        yield logged_in(Browser(running), key)


def test_a_message_is_listed_with_its_state_and_shown_as_it_was_sent(served: Served, number: int) -> None:
    listed = served.get("/messages").text
    assert "<h1>1 message</h1>" in listed
    assert "uncertain 1" in listed
    assert served.get("/messages?state=sent").text.count("<tbody>") == 0
    assert served.get("/messages?state=x").status == 400
    shown = served.get(f"/messages/{number}").text
    assert '<span class="m-bold">📊 Scorecard</span>' in shown
    assert '<span class="m-code">&#34;&gt;&lt;img' in shown
    assert "week.pdf" in shown
    for text in (listed, shown):
        assert "<img" not in text
    assert served.get("/messages/999").status == 404


def test_messages_come_a_page_at_a_time(served: Served, connection: Connection) -> None:
    for one in range(31):
        Outbox(connection).enqueue(f"key-{one}-", "42", TextBuilder().add("x").build(), now() + SOON)
    first = served.get("/messages?state=queued").text
    assert "key-30-" in first
    assert "key-0-" not in first
    below = first.partition("below=")[2].partition('"')[0]
    assert "key-0-" in served.get(f"/messages?state=queued&below={below}").text


def test_one_that_was_not_sent_is_queued_again_and_that_is_noted(
    browser: Browser, connection: Connection, number: int
) -> None:
    page = browser.get(f"/messages/{number}")
    answer = send(browser, page, f"/messages/{number}/resend")
    assert (answer.status, answer.headers["Location"]) == (303, f"/messages/{number}")
    assert connection.execute("SELECT state FROM outbox").fetchall() == [("queued",)]
    assert "Send it again" not in browser.get(f"/messages/{number}").text
    again = send(browser, page, f"/messages/{number}/resend")
    assert again.status == 409
    assert [row[1:] for row in noted(connection)] == [
        (f"resend message {number}", "done"),
        (
            f"resend message {number}",
            f"failed: message {number} is not uncertain, failed or expired, nor is one of its files",
        ),
    ]


def test_who_may_only_read_cannot_resend(
    settings: Settings, web_settings: WebSettings, connection: Connection, number: int
) -> None:
    with serving(web_settings) as running:
        reader = logged_in(Browser(running), make_key(settings))
        assert "Send it again" not in reader.get(f"/messages/{number}").text
        token = reader.jar["signaltape_form"].value
        assert reader.post(f"/messages/{number}/resend", f"csrf={token}").status == 403
    assert connection.execute("SELECT state FROM outbox").fetchall() == [("uncertain",)]
