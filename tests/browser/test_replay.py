"""A person builds a session, runs it, sees on every page that it runs, and stops it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.seeing import Complaints
from tests.browser.test_dashboard import AXE, SERIOUS

IN_REPLAY = re.compile("^▶ REPLAY ")
LIVE = re.compile("^(?!▶)")


def test_a_session_is_built_run_seen_on_every_page_and_stopped(
    page: Page, session: str, serve: Any, complaints: Complaints
) -> None:
    page.goto("/replay")
    page.get_by_label("From, WIB").fill("2022-01-17T00:00")
    page.get_by_label("To, WIB").fill("2022-01-18T00:00")
    page.get_by_role("button", name="Count first").click()
    expect(page.locator(".counted")).to_contain_text("60 events lie in this span")
    page.get_by_role("button", name="Build", exact=True).click()
    expect(page.locator("h1")).to_have_text("60 events to replay")
    built = page.locator(".id").first.inner_text()
    assert built != session
    page.get_by_label("Speed", exact=True).fill("2")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#replayed li")).to_have_count(1)
    for path in ("/", "/score", "/signals", "/health", "/replay", "/login", "/nothing"):
        page.goto(path)
        expect(page).to_have_title(IN_REPLAY)
        which = (
            f" {built} · speed 2" if path != "/login" else ""
        )  # whoever is there may be nobody that is known
        expect(page.locator("#replay-mode")).to_have_text(f"▶ REPLAY MODE{which}")
    page.goto("/health")
    other = page.context.new_page()
    other.goto(f"/replay/{built}")
    other.get_by_role("button", name="Pause").click()
    expect(other.locator(".lead")).to_contain_text("Paused")
    other.get_by_role("button", name="Step").click()
    expect(other.locator("#replayed li")).to_have_count(2)
    other.get_by_role("button", name="Stop").click()
    expect(other.locator(".lead")).to_contain_text("Ended at event 2 of 60")
    expect(page).to_have_title(LIVE)  # by itself
    expect(page.locator("#replay-mode")).to_be_hidden()
    assert complaints.said == [
        "Failed to load resource: the server responded with a status of 404 (Not Found)"
    ]


def test_a_page_that_stands_open_says_by_itself_that_a_session_is_replayed(
    page: Page, session: str, serve: Any
) -> None:
    page.goto("/signals")
    expect(page.locator("#replay-mode")).to_be_hidden()
    other = page.context.new_page()
    other.goto("/replay")
    other.get_by_role("button", name="Run").click()
    expect(page.locator("#replay-mode")).to_contain_text(session)
    expect(page).to_have_title(IN_REPLAY)
    assert "icon-replay" in (page.locator("#icon").get_attribute("href") or "")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_pages_can_be_read_by_everybody_and_fit(
    page: Page, session: str, serve: Any, scheme: Any
) -> None:
    page.emulate_media(color_scheme=scheme)
    for begun in (False, True):
        if begun:
            page.goto(f"/replay/{session}")
            page.get_by_role("button", name="Run").click()
            expect(page.locator("#replayed li")).to_have_count(1)
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            for path in ("/replay", f"/replay/{session}"):
                page.goto(path)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                    f"{path} is too wide"
                )
                page.evaluate(AXE.read_text())
                found = page.evaluate("axe.run().then(result => result.violations)")
                serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]
                assert serious == [], (path, width, begun)
