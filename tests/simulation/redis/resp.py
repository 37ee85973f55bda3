"""Replies as bytes of RESP2, and commands out of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hiredis

#: Anything that a command answers: bytes are a bulk string, None is its null, a tuple is a list.
Reply = Any


class Status(bytes):
    """A simple string, such as OK."""


class _NullArray:
    """The null of arrays, by which XREADGROUP says that there is nothing."""

    def __repr__(self) -> str:
        return "NULL_ARRAY"


OK = Status(b"OK")
NULL_ARRAY = _NullArray()


def encode(reply: Reply) -> bytes:
    """A reply as the server writes it."""
    out: list[bytes] = []
    _write(reply, out.append)
    return b"".join(out)


def encode_error(text: str) -> bytes:
    """An error reply: one line, whatever was in the words it repeats."""
    return b"-%b\r\n" % text.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")


def _write(reply: Reply, put: Any) -> None:
    kind = type(reply)
    if kind is bytes:
        put(b"$%d\r\n%b\r\n" % (len(reply), reply))
    elif kind is list or kind is tuple:
        put(b"*%d\r\n" % len(reply))
        for part in reply:
            if type(part) is bytes:  # most are: not worth a call each
                put(b"$%d\r\n%b\r\n" % (len(part), part))
            else:
                _write(part, put)
    elif kind is int:
        put(b":%d\r\n" % reply)
    elif reply is None:
        put(b"$-1\r\n")
    elif reply is NULL_ARRAY:
        put(b"*-1\r\n")
    elif kind is Status:
        put(b"+%b\r\n" % reply)
    else:
        put(encode_error(reply.text))


class Requests:
    """The commands that a client sent, out of its bytes."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader()

    def feed(self, data: bytes) -> Iterator[list[bytes]]:
        """Take what came; give each command that is whole now. What is not waits for more."""
        self._reader.feed(data)
        while (command := self._reader.gets()) is not False:
            yield command


def decode(data: bytes) -> Any:
    """One whole reply as Python values; an error as a hiredis.ReplyError."""
    reader = hiredis.Reader()
    reader.feed(data)
    return reader.gets()
