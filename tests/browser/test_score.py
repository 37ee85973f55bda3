"""Scorecards of some signals and side by side, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from sink.db import Connection
from tests.browser.filled import fill
from tests.browser.test_dashboard import AXE, SERIOUS
from tests.support.alerted import Alerted
from tests.support.book import Book


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_they_can_be_read_by_everybody_and_fit(page: Page, book: Book, scheme: Any, width: int) -> None:
    fill(book, 30)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/score?side=long&hour=10", "/score/compare", "/score/compare?side=short&weekday=Mon"):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        page.evaluate(AXE.read_text())  # by the debugger, so that no rule of the page must be loosened
        found = page.evaluate("axe.run().then(result => result.violations)")
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
        assert serious == [], path


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1440, "dark")])
def test_what_clicks_were_worth_can_be_read_and_fits(
    page: Page, book: Book, connection: Connection, scheme: Any, width: int
) -> None:
    alerted = Alerted(connection)
    for number, value in enumerate(("up", "down", "took", "skipped") * 6):
        signal_id = book.closed_signal(
            "0.72", number % 3 - 1, setup=("trend", "liquidity_sweep_reversal")[number % 2]
        )
        if number % 5:
            alerted.click(
                alerted.sent(signal_id), value, kind="rating" if number % 4 < 2 else "took", after_s=-60
            )
        else:
            alerted.held(signal_id, ("budget", "min_rr")[number % 2])
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/score/2022-W03")
    assert page.get_by_role("heading", name="Feedback").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    inside = (
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert page.evaluate(inside) == 0, "a table is cut off"
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(result => result.violations)")
    assert [one["id"] for one in found if one["impact"] in SERIOUS] == []


def test_a_form_leads_to_the_scorecard_of_some_signals(page: Page, book: Book) -> None:
    fill(book, 30)
    page.goto("/score")
    page.get_by_text("Only some signals").click()
    page.get_by_label("Side").select_option("long")
    page.get_by_role("button", name="Show").click()
    assert page.locator(".chosen").inner_text() == "Only signals of side long: all signals"
    closed = page.locator("tfoot a").first
    n = int(closed.inner_text())
    closed.click()
    assert page.locator("h1").inner_text() == f"{n} signal{'' if n == 1 else 's'}"
    assert page.locator(".list tbody tr").count() == min(n, 50)
