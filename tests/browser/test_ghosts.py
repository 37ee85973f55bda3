"""Ghosts in a browser: the list, one of them, and their signal's page can be read and fit; marks stand in the chart."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from signaltape import Settings
from sink.db import Connection
from tests.browser.filled import traded
from tests.browser.haunted import haunt
from tests.browser.seeing import Complaints
from tests.browser.test_dashboard import AXE, SERIOUS
from tests.support.book import Book


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_they_can_be_read_by_everybody_and_fit(
    page: Page,
    book: Book,
    connection: Connection,
    redis_client: Any,
    settings: Settings,
    complaints: Complaints,
    scheme: Any,
    width: int,
) -> None:
    signal_id = traded(book, connection)
    haunt(redis_client, settings, connection, signal_id)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/ghosts", "/ghosts/2", f"/signals/{signal_id}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        page.evaluate(AXE.read_text())  # by the debugger, so that no rule of the page must be loosened
        found = page.evaluate("axe.run().then(result => result.violations)")
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
        assert serious == [], path
    page.wait_for_selector("figure.plot canvas")
    marks = page.evaluate(
        "JSON.parse(document.querySelector('figure.plot').dataset.points).marks.map(one => one[0])"
    )
    assert sorted(marks) == ["better", "in", "in", "out", "worse"]
    assert complaints.said == []
