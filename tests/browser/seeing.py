"""A Chromium of this machine, and what makes it fail a test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.served import Served

NO_CHROMIUM = "no Chromium on this machine: apt-get install chromium, or put chromium on PATH"
_PATIENCE_MS = 20_000
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")


def chromium() -> str:
    """Where it is. Raises RuntimeError with what to do."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    raise RuntimeError(NO_CHROMIUM)


@contextmanager
def browsing() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, served: Served) -> Iterator[Page]:
    """A tab of a phone at a dashboard's address."""
    context = browser.new_context(base_url=served.address, viewport={"width": 390, "height": 844})
    context.set_default_timeout(_PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


class Complaints:
    """What a page's console says in anger: errors of scripts, and what the CSP refused."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(text)
