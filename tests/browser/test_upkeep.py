"""Dead letters requeued and dropped by hand; hostile texts on the pages that look after things; every page read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from consumer.accepted import Outcome
from signaltape import Settings
from sink.db import Connection
from tests.browser.seeing import Complaints
from tests.browser.test_dashboard import AXE, SERIOUS
from tests.browser.upkeep import disturb
from tests.integration.draining import drain
from tests.integration.web.upkeep import bury, count_of, noted


def test_dead_letters_are_requeued_and_dropped(
    page: Page, settings: Settings, connection: Connection, key: str, complaints: Complaints
) -> None:
    bury(connection, key, 3)
    bury(connection, key, 2, reason="another")
    page.goto("/quality")
    page.get_by_role("checkbox").nth(4).check()
    page.get_by_role("checkbox").nth(3).check()
    page.get_by_role("button", name="Requeue…").click()
    page.get_by_role("button", name="Requeue 2 dead letters").click()
    expect(page.locator("h1")).to_have_text("2 dead letters requeued")
    assert drain(settings, key) == Outcome(stored=2)
    page.goto("/quality")
    page.locator(".kinds a", has_text="2").click()
    page.get_by_role("button", name="Drop all…").click()
    page.get_by_role("link", name="Leave them").click()
    page.get_by_role("button", name="Drop all…").click()
    page.get_by_role("button", name="Drop 2 dead letters").click()
    expect(page.locator("h1")).to_have_text("2 dead letters dropped")
    assert count_of(connection) == 1
    assert [row[2] for row in noted(connection)] == ["requeued 2 of 2", "dropped 2 of 2"]
    assert complaints.said == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_every_page_fits_can_be_read_by_everybody_and_no_text_does_anything(
    page: Page,
    settings: Settings,
    connection: Connection,
    key: str,
    complaints: Complaints,
    width: int,
    scheme: str,
) -> None:
    paths = disturb(connection, settings, key)
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for path in paths.values():
        page.goto(path)
        assert page.locator("main img, main script").count() == 0, path
        assert page.title().endswith("signaltape")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run().then(result => result.violations)")
        serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
        assert serious == [], path
    assert complaints.said == []
