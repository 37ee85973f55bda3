"""Objectives in a browser: ordinary, hostile and empty, the page can be read by everybody and fits a phone."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from signaltape.clock import utc_now
from sink.db import Connection
from tests.browser.seeing import Complaints
from tests.browser.test_dashboard import AXE, SERIOUS
from tests.support.objectives import disturb, watch


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
@pytest.mark.parametrize("filled", [False, True])
def test_they_can_be_read_by_everybody_and_fit(
    page: Page, connection: Connection, complaints: Complaints, scheme: Any, width: int, filled: bool
) -> None:
    if filled:
        disturb(watch(connection, utc_now()))
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/slo")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(AXE.read_text())  # by the debugger, so that no rule of the page must be loosened
    found = page.evaluate("axe.run().then(result => result.violations)")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []
    assert complaints.said == []


def test_g_b_leads_there(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/slo")
