"""TLS for servers of tests: an authority made for the occasion, its certificates, and what ends TLS before a server."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import trustme

from tests.support.waiting import LONGEST_S, ended, eventually

#: What certificates are made out to; a connection to another name is refused.
HOST = "localhost"


class Papers(NamedTuple):
    """Files: the authority's certificate, and the server's with its key."""

    authority: Path
    certificate: Path
    key: Path


def papers(folder: Path, host: str = HOST) -> Papers:
    """An authority that nobody else knows, and a server's certificate of it."""
    authority = trustme.CA()
    issued = authority.issue_cert(host)
    made = Papers(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority.cert_pem.write_to_path(made.authority)
    issued.cert_chain_pems[0].write_to_path(made.certificate)
    issued.private_key_pem.write_to_path(made.key)
    return made


def context_of(own: Papers) -> ssl.SSLContext:
    """How a server shows its certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.certificate, own.key)
    return context


@contextmanager
def before_redis(server: Path, own: Papers) -> Iterator[int]:
    """A port that speaks TLS before a server's socket, as a hosted Redis has it. For as long as the block runs."""

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(server)
        await asyncio.gather(pumped(reader, to_server), pumped(from_server, writer))

    with listening(joined, context_of(own)) as port:
        yield port


Joined = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextmanager
def listening(joined: Joined, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A port where whoever connects is joined to something, by an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    # whoever refuses the certificate goes without a word, which is no news here
    loop.set_exception_handler(lambda _loop, _context: None)
    begun = asyncio.start_server(joined, "127.0.0.1", 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(begun, loop).result(LONGEST_S)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), loop).result(LONGEST_S)
        loop.call_soon_threadsafe(loop.stop)
        ended(thread)
        loop.close()


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """All that is read is written, until either side ends."""
    with suppress(OSError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def tls_server() -> str | None:
    """A server program on PATH that speaks TLS itself; that of the wheel does not."""
    for name in ("valkey-server", "redis-server"):
        if (found := shutil.which(name)) and _speaks_tls(found):
            return found
    return None


@cache
def _speaks_tls(program: str) -> bool:
    """It ends at once either way: for want of a certificate, or of all that has to do with TLS."""
    options = ("--port", "0", "--tls-port", "1")
    done = subprocess.run([program, *options], capture_output=True, text=True, check=False, timeout=LONGEST_S)
    return "No tls-cert-file configured" in done.stdout


def free_port() -> int:
    """One that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def speaking_itself(folder: Path, own: Papers) -> Iterator[int]:
    """A server that speaks TLS, and nothing else; at which port."""
    program, port = tls_server(), free_port()
    assert program is not None
    options = {
        "--port": "0",
        "--tls-port": str(port),
        "--tls-cert-file": str(own.certificate),
        "--tls-key-file": str(own.key),
        "--tls-ca-cert-file": str(own.authority),
        "--tls-auth-clients": "no",
        "--dir": str(folder),
    }
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen([program, *chain(*options.items())], stdout=log)
    try:
        eventually(lambda: b"Ready to accept connections" in (folder / "log").read_bytes())
        yield port
    finally:
        started.terminate()
        started.wait(LONGEST_S)
