"""Servers that say back what they were told: the worst that a proxy or an odd server can do to a secret."""

from __future__ import annotations

import json
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.waiting import ended

_SSL_REQUEST = 80877103


class _Redis(socketserver.StreamRequestHandler):
    """Answers every command with an error that holds the command, as Redis does with one it does not know."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            words = []
            for _ in range(int(line[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2].decode())
            said = " ".join(repr(word) for word in words)
            self.wfile.write(f"-ERR unknown command, with args beginning with: {said}\r\n".encode())


class _Postgres(socketserver.StreamRequestHandler):
    """Asks for the password in the clear, and says it back as an error."""

    def handle(self) -> None:
        while True:
            size, code = struct.unpack("!II", self.rfile.read(8))
            self.rfile.read(size - 8)
            if code != _SSL_REQUEST:
                break
            self.wfile.write(b"N")
        self.wfile.write(b"R" + struct.pack("!II", 8, 3))
        self.rfile.read(1)
        (size,) = struct.unpack("!I", self.rfile.read(4))
        password = self.rfile.read(size - 4).rstrip(b"\0")
        fields = b"SFATAL\0VFATAL\0C28P01\0Mnobody knows " + password + b"\0\0"
        self.wfile.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)


class _Web(BaseHTTPRequestHandler):
    """Refuses every call with its path, as a proxy that has no such route."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"ok": False, "description": f"{'no route ' * 25}for {self.path}"}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test reads what the product says."""


class _Threaded(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        ended(thread)
        server.server_close()


@contextmanager
def echoing_redis() -> Iterator[int]:
    """The port of a Redis that knows no command."""
    with _serving(_Threaded(("127.0.0.1", 0), _Redis)) as port:
        yield port


@contextmanager
def echoing_postgres() -> Iterator[int]:
    """The port of a Postgres that lets nobody in."""
    with _serving(_Threaded(("127.0.0.1", 0), _Postgres)) as port:
        yield port


@contextmanager
def echoing_web() -> Iterator[int]:
    """The port of a Bot API behind a proxy that has no route to it."""
    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), _Web)) as port:
        yield port
