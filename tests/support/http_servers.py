"""Real servers for applications, each on a port of its own: werkzeug's threads, gunicorn, uvicorn, aiohttp."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from aiohttp import web
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support.waiting import ended, eventually


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def werkzeug_threads(app: Flask) -> Iterator[int]:
    """A Flask app, a thread for each request."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        ended(thread)
        server.server_close()


@contextmanager
def gunicorn_threads(target: str, environment: dict[str, str]) -> Iterator[int]:
    """An application by its import path, in threads of a worker process."""
    with socket.socket() as listener:  # handed over, so that nobody else takes the port meanwhile
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port: int = listener.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--threads", "4", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            [*command, "--log-level", "warning", "--no-control-socket", target],
            pass_fds=[listener.fileno()],
            env={**os.environ, **environment},
            stderr=subprocess.DEVNULL,
        )
        try:
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@contextmanager
def uvicorn_loop(app: Any) -> Iterator[int]:
    """An ASGI application in an event loop of its own."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        ended(thread)


@contextmanager
def aiohttp_loop(make: Callable[[], web.Application]) -> Iterator[int]:
    """An application of aiohttp in an event loop of its own."""
    ready: dict[str, Any] = {}
    started = threading.Event()

    async def serve() -> None:
        runner = web.AppRunner(make(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        ready["port"] = runner.addresses[0][1]
        ready["loop"], stop = asyncio.get_running_loop(), asyncio.Event()
        ready["stop"] = stop.set
        started.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield ready["port"]
    finally:
        ready["loop"].call_soon_threadsafe(ready["stop"])
        ended(thread)
