"""What a person does on the pages."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from deploy.embedded.valkey import Valkey
from signaltape import Settings
from sink.db import Connection
from tests.browser.filled import fill, stream, traded
from tests.browser.seeing import Complaints, tab
from tests.integration.web.test_access import make_key
from tests.support.book import Book
from tests.support.entries import NOON
from tests.support.market import write_records
from tests.support.samples import as_json, published
from tests.support.served import Served

VENDOR = Path(__file__).parent / "vendor"
AXE = VENDOR / "axe-core-4.10.3.min.js"
SERIOUS = ("serious", "critical")
PATHS = ("/", "/score", "/signals", "/health", "/more", "/api", "/login", "/nothing")


def test_a_bins_count_leads_to_exactly_its_signals(page: Page, book: Book, complaints: Complaints) -> None:
    fill(book, 30)
    page.goto("/")
    row = page.locator(".bins tbody tr").nth(3)
    link = row.locator("td a").first
    n = int(link.inner_text())
    link.click()
    expect(page.locator("h1")).to_have_text(f"{n} signal{'' if n == 1 else 's'}")
    expect(page.locator(".list tbody tr")).to_have_count(n)
    scores = page.locator(".list tbody td:nth-child(5)").all_inner_texts()
    assert all(0.7 <= float(score) < 0.8 for score in scores)
    page.locator(".list tbody tr").first.click()
    expect(page.locator(".event pre").first).to_contain_text("confluence_score")
    assert complaints.said == []


def test_the_tape_goes_on_live_and_nothing_stands_twice(
    page: Page, redis_client: Any, key: str, complaints: Complaints
) -> None:
    stream(redis_client, key, 3)
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("live")
    stream(redis_client, key, 4)
    expect(page.locator("#tape li")).to_have_count(7)
    page.get_by_role("button", name="Pause").click()
    stream(redis_client, key, 2)
    expect(page.locator("#live-state")).to_have_text("paused")
    expect(page.locator("#tape li")).to_have_count(7)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#tape li")).to_have_count(9)
    assert complaints.said == []


def test_the_tape_goes_on_after_redis_restarts(
    browser: Browser, alone: tuple[Valkey, Served], key: str
) -> None:
    valkey, served = alone
    with tab(browser, served) as page, redis.Redis.from_url(valkey.url) as client:
        ids = stream(client, key, 3)
        page.goto("/")
        expect(page.locator("#live-state")).to_have_text("live")
        ids += stream(client, key, 2)
        expect(page.locator("#tape li")).to_have_count(5)
        valkey.stop()
        expect(page.locator("#live-state")).to_contain_text("nothing from Redis", timeout=30_000)
        valkey.start()
        ids += stream(client, key, 2)
        expect(page.locator("#tape li")).to_have_count(7)
        expect(page.locator("#live-state")).to_have_text("live")
        told = page.locator("#tape li.new").evaluate_all("lines => lines.map(line => line.dataset.id)")
        assert [one.rpartition(" ")[2] for one in told] == ids[:2:-1]


def test_the_tape_is_bounded(page: Page, redis_client: Any, key: str) -> None:
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("live")
    stream(redis_client, key, 130)
    expect(page.locator("#tape li")).to_have_count(100)


def test_hostile_texts_do_nothing(
    page: Page, book: Book, redis_client: Any, key: str, complaints: Complaints
) -> None:
    evil = '"><img src=x onerror="document.title=1"><script>document.title=2</script>'
    signal_id = book.closed_signal(0.82, 1, symbol=evil, setup=evil, rules_version=evil, layers={evil: True})
    for path in ("/", "/signals", f"/signals/{signal_id}", "/score/2022-W03"):
        page.goto(path)
        redis_client.xadd(
            key, {"event": "signal_published", "data": as_json(published(symbol=evil, setup=evil))}
        )
        if path == "/":
            expect(page.locator("#tape li").first).to_contain_text("<img src=x")
        assert page.locator("main img, main script").count() == 0
        assert "signaltape" in page.title()
    assert complaints.said == []


def test_login_and_logout(page: Page, settings: Settings) -> None:
    made = make_key(settings)
    page.goto("/")
    page.get_by_label("API key").fill("st_00000000_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("not known")
    page.get_by_label("API key").fill(made.text)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_title(re.compile("Overview"))
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title(re.compile("Log in"))
    page.goto("/signals")
    expect(page).to_have_title(re.compile("Log in"))


def test_the_vendored_file_is_the_one_that_was_checked() -> None:
    checksum, _, name = (VENDOR / "SHA256SUMS").read_text().strip().partition("  ")
    assert name == AXE.name
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == checksum


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page_can_be_read_by_everybody_and_fits(
    page: Page, book: Book, connection: Connection, redis_client: Any, key: str, scheme: Any, width: int
) -> None:
    fill(book, 30)
    signal_id, (record_id,) = traded(book, connection), write_records(connection, ("state_event", NOON, {}))
    stream(redis_client, key)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for path in (*PATHS, f"/signals/{signal_id}", f"/records/{record_id}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        page.evaluate(AXE.read_text())  # by the debugger, so that no rule of the page must be loosened
        found = page.evaluate("axe.run().then(result => result.violations)")
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
        assert serious == [], path
