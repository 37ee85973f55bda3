"""The way of an event on the overview and the health page: what it leads to, its words, and how long it waits."""

from __future__ import annotations

import os
import signal
import time

import pytest

from deploy.embedded.valkey import Valkey
from outbox.outbox import Outbox
from sink.db import Connection
from tests.integration.web.test_pages import Links
from tests.integration.web.upkeep import bury
from tests.support.sending import REPORT, SOON, now
from tests.support.served import Served
from web.pipeline import letters_said

PAGES = ("/", "/health")
#: A hanging Redis is waited for twice, 2 s each: by who counts requests, and by the page.
_WITHIN_S = 6.0


def main_of(text: str) -> str:
    """What is in the page itself: the navigation leads everywhere."""
    return text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("page", PAGES)
def test_dead_letters_and_messages_lead_to_their_pages(
    served: Served, connection: Connection, key: str, page: str
) -> None:
    before = main_of(served.get(page).text)
    assert "/quality" not in Links(before).found
    assert '<a class="figure" href="/messages">0 waiting</a>' in before
    bury(connection, key, 2)
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)
    connection.execute("UPDATE outbox SET state = 'failed'")
    text = main_of(served.get(page).text)
    assert '<a href="/quality">2 dead letters</a>' in text
    assert '<a href="/messages">1 needs a look</a>' in text


def test_what_is_stored_beside_events_leads_to_its_list(
    served: Served, connection: Connection, key: str
) -> None:
    bury(connection, key, 3)
    text = main_of(served.get("/health").text)
    assert '<dd><a href="/quality">3</a></dd>' in text
    assert "<dt>conflicts</dt><dd>0</dd>" in text


def test_dead_letters_are_said_in_words() -> None:
    assert [letters_said(n) for n in (0, 1, 2, 1000)] == [
        "",
        "1 dead letter",
        "2 dead letters",
        "1000 dead letters or more",
    ]


@pytest.mark.parametrize("page", PAGES)
def test_the_head_says_in_words_how_it_is(alone: tuple[Valkey, Served], page: str) -> None:
    valkey, served = alone
    assert "● all well</span>" in served.get(page).text.partition("<main")[0]
    valkey.stop()
    assert "■ not well</span>" in served.get(page).text.partition("<main")[0]
    valkey.start()


def test_a_redis_that_hangs_is_not_waited_for(alone: tuple[Valkey, Served]) -> None:
    valkey, served = alone
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        health, what_if = served.get("/health"), served.get("/rules/what-if?layer=a&weight=1")
        took_s = time.monotonic() - began
    finally:
        os.kill(valkey.pid, signal.SIGCONT)
    assert "Redis is away: what stands there is shown when it is back." in health.text
    assert (health.status, what_if.status) == (200, 200)
    assert took_s < _WITHIN_S
