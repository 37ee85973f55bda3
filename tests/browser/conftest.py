"""Real servers, the real dashboard, a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.seeing import Complaints, browsing, chromium, tab
from tests.integration.conftest import (
    book,
    connection,
    database,
    key,
    maker,
    redis_client,
    runner,
    servers,
    settings,
    template,
)
from tests.integration.web.conftest import alone, serve, served, session, web_settings
from tests.integration.web.test_away import away
from tests.support.served import Served

__all__ = [
    "alone",
    "away",
    "book",
    "connection",
    "database",
    "key",
    "maker",
    "redis_client",
    "runner",
    "serve",
    "served",
    "servers",
    "session",
    "settings",
    "template",
    "web_settings",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        chromium()
    except RuntimeError as error:
        pytest.exit(str(error), returncode=2)
    with browsing() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A tab of a phone at the dashboard's address."""
    with tab(browser, served) as opened:
        yield opened


@pytest.fixture
def complaints(page: Page) -> Complaints:
    return Complaints(page)
