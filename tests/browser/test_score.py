"""Scorecards of some signals and side by side, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.filled import fill
from tests.browser.test_dashboard import AXE, SERIOUS
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
