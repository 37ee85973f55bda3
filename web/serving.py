"""The process: listen, say where, and end cleanly when told to."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from aiohttp import web

from reports.operations.shown import week_of
from signaltape.clock import utc_now
from web.application import application
from web.http.security import is_loopback
from web.scores import ScoreAsked
from web.settings import WebSettings
from web.shared import CARDS

#: Answers that are under way get so long to end.
_END_WITHIN_S = 3.0
#: A connection on which nothing more is asked is closed after this time.
_IDLE_S = 30.0


async def serve(settings: WebSettings, tell: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT. tell: where the address is said. Raises OSError if it cannot listen."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    app = application(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_END_WITHIN_S, keepalive_timeout=_IDLE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        # among millions of signals it takes a while: who comes first shall find it
        app[CARDS].begin(ScoreAsked(week_of(utc_now())))
        tell(f"signaltape is at {address_of(runner, settings.host)}")
        if is_loopback(settings.host):
            tell("for this machine alone; with an API key, --host opens it: python -m web keys create NAME")
        await ended.wait()
    finally:
        await runner.cleanup()


def address_of(runner: web.AppRunner, host: str) -> str:
    """Where a browser finds it."""
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
