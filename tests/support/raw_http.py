"""HTTP as it goes over the wire: what is sent is sent as it is, and what comes back is looked at byte by byte."""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

_WITHIN_S = 20.0
#: It changes by itself.
_DATE = re.compile(rb"\r\n[Dd]ate: [^\r\n]+")


class Reply(NamedTuple):
    """An answer in parts. body: as it was sent, in chunks if it was."""

    status: int
    headers: dict[str, str]
    body: bytes


def exchange(port: int, request: bytes) -> bytes:
    """All that is answered to these bytes until the connection is closed, without its date."""
    with socket.create_connection(("127.0.0.1", port), _WITHIN_S) as connection:
        connection.sendall(request)
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionResetError:  # a server that has not read all of the request may end like this
            pass
    return _DATE.sub(b"", b"".join(parts))


def request_of(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """A request after which the connection is closed."""
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {path} HTTP/1.1", "Host: engine.example", "Connection: close", *headers, *length]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def ask(port: int, method: str, path: str, *headers: str, body: bytes = b"") -> Reply:
    """Ask, and take the answer apart; names of headers in small letters."""
    return reply_of(exchange(port, request_of(method, path, *headers, body=body)))


def reply_of(answer: bytes) -> Reply:
    """The parts of an answer. Of a header that stands twice both values, separated by a comma."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers: dict[str, str] = {}
    for name, _, value in (line.partition(":") for line in lines):
        known = headers.get(name.lower())
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    return Reply(int(first.split()[1]), headers, body)
