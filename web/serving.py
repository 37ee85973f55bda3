"""The process: listen, say where, and end cleanly when told to."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

from reports.operations.shown import week_of
from signaltape.clock import utc_now
from web.application import application
from web.http.security import is_loopback
from web.listening import Listening
from web.scores import ScoreAsked
from web.settings import WebSettings
from web.shared import CARDS

#: After this time it ends, whatever is still under way.
_AT_THE_LATEST_S = 8.0


async def serve(settings: WebSettings, tell: Callable[[str], object]) -> None:
    """Serve until SIGTERM or SIGINT. tell: where the address is said. Raises OSError if it cannot listen."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    app = application(settings)
    listening = Listening(app)
    try:
        await listening.start(settings.host, settings.port)
        # among millions of signals it takes a while: who comes first shall find it
        app[CARDS].begin(ScoreAsked(week_of(utc_now())))
        tell(f"signaltape is at {address_of(settings.host, listening.port)}")
        if is_loopback(settings.host):
            tell("for this machine alone; with an API key, --host opens it: python -m web keys create NAME")
        await ended.wait()
    finally:
        _end_at_the_latest()
        await listening.stop()


def _end_at_the_latest() -> None:
    """A thread that still waits for Postgres would hold up the end; what it computes is only looked at."""
    timer = threading.Timer(_AT_THE_LATEST_S, os._exit, (0,))
    timer.daemon = True
    timer.start()


def address_of(host: str, port: int) -> str:
    """Where a browser finds it."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
