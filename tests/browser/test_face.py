"""Keys, the page that moves by itself, crosshairs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from signaltape.clock import WIB, utc_now
from sink.db import Connection
from tests.browser.filled import fill, stream, traded
from tests.browser.seeing import Complaints
from tests.support.book import Book
from tests.support.market import candles, write_records
from tests.support.served import Served
from web.assets import VENDOR

#: Remembers what was tinted.
TINTED = """window.tinted = new Set();
setInterval(() => document.querySelectorAll('.changed').forEach((one) => tinted.add(one.textContent)), 50)"""
#: Where the reader sees the bins.
PLACE = "document.querySelector('.bins').getBoundingClientRect().top"
COUNT_OF_WEEK = ".bins tfoot td:nth-child(3)"


def test_the_vendored_chart_library_is_the_one_that_was_checked() -> None:
    for line in (VENDOR / "SHA256SUMS").read_text().splitlines():
        checksum, _, name = line.partition("  ")
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name


def test_keys_lead_to_pages_and_through_lists(page: Page, book: Book, complaints: Complaints) -> None:
    ids = fill(book, 5)
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page).to_have_title(re.compile("Signals"))
    for key in "jjjk":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(ids[-2]))
    page.keyboard.press("g")
    page.keyboard.press("m")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()
    assert complaints.said == []


def test_help_opens_and_closes_and_keys_can_be_turned_off(page: Page, complaints: Complaints) -> None:
    page.goto("/health")
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    expect(help_).to_be_visible()
    help_.get_by_label("Keys are on").uncheck()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    page.keyboard.press("?")
    expect(help_).to_be_hidden()
    assert complaints.said == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_slash_leads_to_the_box_and_what_is_typed_stays_text(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/more")
    page.keyboard.press("/")
    box = page.locator("input[type=search]:visible")
    expect(box).to_be_focused()
    page.keyboard.type("gs?j/")
    expect(box).to_have_value("gs?j/")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_overview_moves_as_a_whole_and_leaves_the_reader_alone(
    page: Page, book: Book, redis_client: Any, key: str, complaints: Complaints
) -> None:
    fill(book, 20)
    stream(redis_client, key, 3)
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("live")
    before = int(page.locator(COUNT_OF_WEEK).inner_text())
    page.locator(".same summary").click()
    page.locator("#tape-filter").focus()
    page.evaluate("scrollTo(0, 500)")
    place = page.evaluate(PLACE)
    page.evaluate(TINTED)
    signal_id = book.signal(0.82, at=utc_now().astimezone(WIB).isoformat())
    book.close(signal_id, 9.99, at=utc_now().isoformat())
    expect(page.locator(COUNT_OF_WEEK)).to_have_text(str(before + 1), timeout=20_000)
    expect(page.locator(".same")).to_have_attribute("open", "")
    expect(page.locator("#tape-filter")).to_be_focused()
    assert page.evaluate(PLACE) == pytest.approx(place, abs=1)
    assert page.evaluate("count => tinted.has(count)", str(before + 1))
    expect(page.locator(".changed")).to_have_count(0)
    assert page.locator("#tape li").count() == 3
    assert complaints.said == []


def test_a_hidden_or_paused_page_asks_nothing(page: Page, book: Book) -> None:
    page.clock.install()
    page.goto("/")
    expect(page.locator("#live-state")).to_have_text("live")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => window.away, configurable: true})")
    page.evaluate("window.away = true; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(50_000)
    assert asked == []
    with page.expect_request(re.compile("/api/events")), page.expect_request(re.compile(r"/$")):
        page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#live-state")).to_have_text("paused")
    asked.clear()
    page.clock.run_for(50_000)
    assert [
        one for one in asked if not one.endswith("/api/replay/status")
    ] == []  # REPLAY MODE is told even so


def test_the_tape_is_filtered_by_words_at_a_permalink(page: Page, redis_client: Any, key: str) -> None:
    stream(redis_client, key, 6)
    page.goto("/?tape=closed")
    expect(page.locator("#tape li")).to_have_count(2)
    expect(page.locator("#live-state")).to_have_text("live")
    stream(redis_client, key, 3)
    expect(page.locator("#tape li")).to_have_count(3)
    page.locator("#tape-filter").fill("nobody")
    expect(page.locator("#tape li:visible")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"tape=nobody"))


def test_crosshairs_tell_exact_values(page: Page, book: Book, complaints: Complaints) -> None:
    now = utc_now().astimezone(WIB)
    for rr in (1.25, -1, 0.5):
        book.close(book.signal(0.82, at=now.isoformat()), rr, at=now.isoformat())
        now -= timedelta(seconds=1)
    page.goto("/")
    curve, bins = page.locator("figure[data-plot=curve]"), page.locator("figure[data-plot=bins]")
    expect(curve.locator(".reading")).to_contain_text("WIB · +0.75 R")
    curve.locator(".u-over").hover(position={"x": 2, "y": 20})
    expect(curve.locator(".reading")).to_contain_text("+0.50 R")
    bins.locator(".u-over").hover(position={"x": 250, "y": 40})
    expect(bins.locator(".reading")).to_contain_text("0.80+: 0.667 (")
    expect(bins.locator("svg")).to_be_hidden()
    bins.locator(".u-over").click(position={"x": 250, "y": 40})
    expect(page).to_have_url(re.compile("bin=4&outcome=closed"))
    assert complaints.said == []


def test_the_price_path_has_a_crosshair_too(
    page: Page, book: Book, connection: Connection, complaints: Complaints
) -> None:
    at = datetime(2022, 1, 18, 10, 0, tzinfo=WIB)
    signal_id = book.signal(0.82, at=at.isoformat(), entry=100, sl=98, tp=104)
    book.close(signal_id, 1, at=(at + timedelta(minutes=3)).isoformat())
    write_records(connection, *candles("SOL-USDT-SWAP", at, [(100, 101, 99, 100.5), (100.5, 103, 100, 102)]))
    page.goto(f"/signals/{signal_id}")
    expect(page.locator(".reading")).to_have_text(
        "Tue 18 Jan 10:02:00 WIB · open 100.5 high 103 low 100 close 102"
    )
    page.locator("details.id summary").first.click()
    expect(page.locator("details.id code").first).to_have_text(signal_id)
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name=re.compile("Copied|Chosen"))).to_be_visible()
    assert complaints.said == []


def test_a_page_without_postgres_comes_back_by_itself(
    page: Page, served: Served, away: Callable[[], Any], book: Book
) -> None:
    assert served.get("/signals").status == 200  # now it is known that no key is needed
    with away():
        page.goto("/signals")
        expect(page.locator(".lead")).to_contain_text("Postgres is away")
    expect(page.locator("h1")).to_have_text("0 signals", timeout=30_000)


def test_without_javascript_charts_stand_as_pictures(
    browser: Browser, served: Served, book: Book, connection: Connection
) -> None:
    signal_id = traded(book, connection)
    context = browser.new_context(java_script_enabled=False, base_url=served.address)
    try:
        page = context.new_page()
        for path, kind in (("/", "bins"), ("/", "curve"), (f"/signals/{signal_id}", "path")):
            page.goto(path)
            expect(page.locator(f"figure[data-plot={kind}] svg")).to_be_visible()
    finally:
        context.close()
