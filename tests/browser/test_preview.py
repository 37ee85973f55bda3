"""The preview of messages in a real browser: nothing is wider than a phone, and what a message says never runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from outbox.keyboard import Button
from outbox.preview.page import WIDTHS, page
from outbox.preview.samples import samples
from outbox.preview.shown import Shown
from outbox.text import Entity
from tests.browser.seeing import Complaints

#: What is left to a text at 360 px: see outbox/lines.py.
TEXT_WIDTH = 280
_HOSTILE = "<img src=x onerror=alert(1)>" + "W" * 4000
_WIDER = """[...document.querySelectorAll('.phone *')].filter((one) => {
    const phone = one.closest('.phone').getBoundingClientRect();
    return one.getBoundingClientRect().right > phone.right;
}).length"""


@pytest.fixture
def shown(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The samples, and one that is as bad as can be."""
    bad = Shown(_HOSTILE, [Entity("pre", 0, 2000)], [[Button("W" * 64, data="x")] * 3], reply_to=_HOSTILE)
    path = tmp_path / "preview.html"
    path.write_text(page([*samples(), bad], WIDTHS, "14:02"))
    context = browser.new_context(viewport={"width": 820, "height": 900})
    tab = context.new_page()
    complaints = Complaints(tab)
    tab.goto(path.as_uri())
    yield tab
    assert complaints.said == []
    context.close()


def test_nothing_is_wider_than_its_phone(shown: Page) -> None:
    assert shown.evaluate(_WIDER) == 0
    assert shown.evaluate("document.images.length") == 0


def test_a_phone_of_360_px_leaves_280_to_a_text(shown: Page) -> None:
    widest = "Math.max(...[...document.querySelectorAll('[data-width=\"360\"] .text')].map((one) => one.clientWidth))"
    assert shown.evaluate(widest) == TEXT_WIDTH


def test_a_table_as_wide_as_columns_allow_stands_in_its_lines(shown: Page) -> None:
    table = shown.locator("[data-width='360'] pre", has_text="archiver").first
    one_line = float(table.evaluate("(one) => parseFloat(getComputedStyle(one).lineHeight)"))
    box = table.bounding_box()
    assert box is not None
    assert box["height"] < 5 * one_line + 12, "four lines and the padding"


def test_a_long_quote_shows_three_lines_until_it_is_tapped(shown: Page) -> None:
    quote = shown.locator("[data-width='360'] .long").first
    before = quote.bounding_box()
    quote.click()
    after = quote.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > 2 * before["height"]
