"""`python -m tests.browser.screenshots DIR [PAGE…]`: every page, phone and wide, dark and light, to be looked at."""

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
from signaltape.clock import utc_now
from signaltape.stream import stream_key
from sink.admin.migrate import migrate
from sink.db import connect
from tests.browser.filled import fill, stream, traded
from tests.browser.haunted import haunt
from tests.browser.seeing import browsing
from tests.browser.upkeep import disturb
from tests.support.book import Book
from tests.support.market import write_records
from tests.support.objectives import disturb as trouble
from tests.support.objectives import watch
from tests.support.replays import archived_session
from tests.support.served import Served, serving
from web.settings import WebSettings

Scheme = Literal["light", "dark"]
_WIDTHS = (390, 1440)
#: every chart is there
_DRAWN = "[...document.querySelectorAll('figure.plot')].every((one) => one.querySelector('canvas'))"


def main(folder: Path, *names: str) -> None:
    """Take them all, or those of these names."""
    home = Path(tempfile.mkdtemp(prefix="tape-"))
    try:
        with running(home, postgres_options=("fsync=off",)) as urls:
            common = Settings(
                redis_url=Secret(urls.redis), database_url=Secret(urls.database), home=home, data=home
            )
            paths = {name: path for name, path in _pages(common).items() if name in names or not names}
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
        book = Book(connection)
        ids = fill(book)
        records = write_records(connection, *(("state_event", utc_now(), {}) for _ in range(7)))
        long = "VERY-LONG-SYMBOL-NAME-OF-AN-EXCHANGE-THAT-LIKES-NAMES-1000000SHIB-USDT-PERPETUAL-SWAP"
        hostile = {"symbol": f"<b>{long}", "setup": long.lower(), "ref_id": long, "layers": {long: True}}
        signals = [
            traded(book, connection),
            traded(book, connection, **hostile),
            book.signal(0.71, at=_now()),
        ]
        disturbed = disturb(connection, common, stream_key(common.stream, 0))
    with redis.Redis.from_url(common.redis_url.reveal()) as client:
        stream(client, stream_key(common.stream, 0))
        with connect(common.database_url) as connection:
            haunt(client, common, connection, signals[0])
            trouble(watch(connection, utc_now()))
    return {
        "overview": "/",
        "score": "/score",
        "signals": "/signals",
        "signals-filtered": "/signals?side=long&outcome=won",
        "signal": f"/signals/{ids[3]}",
        "signal-traded": f"/signals/{signals[0]}",
        "signal-hostile": f"/signals/{signals[1]}",
        "signal-open": f"/signals/{signals[2]}",
        "slo": "/slo",
        "ghosts": "/ghosts",
        "ghost": "/ghosts/2",
        "record": f"/records/{records[3]}",
        "more": "/more",
        "api": "/api",
        "health": "/health",
        "replay": "/replay",
        "replay-session": f"/replay/{archived_session(common.data)}",
        "login": "/login",
        "error": "/nothing",
        **disturbed,
    }


def _now() -> str:
    return utc_now().isoformat()


def _take(
    browser: Browser, served: Served, paths: dict[str, str], folder: Path, width: int, scheme: Any
) -> None:
    context = browser.new_context(
        base_url=served.address, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    for name, path in paths.items():
        page.goto(path)
        page.wait_for_function(_DRAWN)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
