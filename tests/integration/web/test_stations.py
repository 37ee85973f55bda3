"""The way of an event on the overview and the health page: what it leads to, its words, and how long it waits."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.embedded.valkey import Valkey
from outbox.outbox import Outbox
from sink.db import Connection
from tests.integration.web.test_pages import Links
from tests.integration.web.upkeep import bury
from tests.support.sending import REPORT, SOON, now
from tests.support.served import Served
from tests.support.waiting import eventually
from web.http.limits import SHARED_WITHIN_S
from web.pipeline import WITHIN_S, letters_said

PAGES = ("/", "/health")


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


@contextmanager
def frozen(valkey: Valkey) -> Iterator[None]:
    """A server that takes what is said to it, and answers nothing."""
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


def test_a_redis_that_hangs_is_not_waited_for_and_what_it_said_last_is_shown(
    alone: tuple[Valkey, Served],
) -> None:
    valkey, served = alone
    eventually(lambda: "<h2>Partitions</h2>" in served.get("/health").text)
    with frozen(valkey):
        health, what_if = served.get("/health"), served.get("/rules/what-if?layer=a&weight=1")
        overview = served.get("/")
    assert (health.status, what_if.status, overview.status) == (200, 200, 200)
    assert re.search(r"Redis is away: as it was \d+ s ago", health.text)
    for page in (health, overview):
        assert re.search(r"journals keep everything meanwhile; \d+ s ago: 0 entries", page.text)
    assert "<h2>Partitions</h2>" in health.text


def test_a_redis_that_hung_from_the_beginning_is_waited_for_no_longer(alone: tuple[Valkey, Served]) -> None:
    valkey, served = alone
    with frozen(valkey):
        text = served.get("/health").text
    assert "Redis is away: what stands there is shown when it is back." in text


def test_nobody_waits_longer_than_two_seconds_for_servers() -> None:
    assert SHARED_WITHIN_S + WITHIN_S < 2
