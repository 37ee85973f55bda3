"""`python -m tests.browser.screenshots DIR`: every page, phone and wide, dark and light, to be looked at."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

import redis
from playwright.sync_api import Browser

from deploy.embedded.servers import remove_data, running
from signaltape import Secret, Settings
from signaltape.stream import stream_key
from sink.admin.migrate import migrate
from sink.db import connect
from tests.browser.filled import fill, stream
from tests.browser.seeing import browsing
from tests.support.book import Book
from tests.support.replays import archived_session
from tests.support.served import Served, serving
from web.settings import WebSettings

Scheme = Literal["light", "dark"]
_WIDTHS = (390, 1440)


def main(folder: Path) -> None:
    """Take them all."""
    home = Path(tempfile.mkdtemp(prefix="tape-"))
    try:
        with running(home, postgres_options=("fsync=off",)) as urls:
            common = Settings(
                redis_url=Secret(urls.redis), database_url=Secret(urls.database), home=home, data=home
            )
            paths = _pages(common)
            with serving(WebSettings(common, Secret(urls.database))) as served, browsing() as browser:
                for width in _WIDTHS:
                    for scheme in get_args(Scheme):
                        _take(browser, served, paths, folder, width, scheme)
    finally:
        remove_data(home)
        shutil.rmtree(home, ignore_errors=True)


def _pages(common: Settings) -> dict[str, str]:
    assert common.database_url is not None
    assert common.redis_url is not None
    with connect(common.database_url) as connection:
        migrate(connection)
        ids = fill(Book(connection))
    with redis.Redis.from_url(common.redis_url.reveal()) as client:
        stream(client, stream_key(common.stream, 0))
    return {
        "overview": "/",
        "score": "/score",
        "signals": "/signals",
        "signals-filtered": "/signals?side=long&outcome=won",
        "signal": f"/signals/{ids[3]}",
        "health": "/health",
        "replay": "/replay",
        "replay-session": f"/replay/{archived_session(common.data)}",
        "login": "/login",
        "error": "/nothing",
    }


def _take(
    browser: Browser, served: Served, paths: dict[str, str], folder: Path, width: int, scheme: Any
) -> None:
    context = browser.new_context(
        base_url=served.address, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    for name, path in paths.items():
        page.goto(path)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
