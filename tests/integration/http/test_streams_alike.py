"""A stream goes out as it is made, and one whose reader goes away has not failed, whichever framework sends it."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from signaltape.http import HttpHooks, Versions
from tests.support import hooked_aiohttp, hooked_asgi, hooked_flask
from tests.support.hooked import Serve
from tests.support.measured_http import measurements, statuses
from tests.support.raw_http import request_of
from tests.support.waiting import eventually

ALL = HttpHooks(request_ids=True, problems=True, versions=Versions(api="1"))


@pytest.fixture
def go_on() -> threading.Event:
    """Until it is set, the stream waits behind its first part."""
    event = threading.Event()
    for engine in (hooked_flask, hooked_asgi, hooked_aiohttp):
        engine.GATES["go on"] = event
    return event


def opened(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.sendall(request_of("GET", "/gated"))
    return connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    read = b""
    while not read.endswith(end) and (part := connection.recv(65536)):
        read += part
    return read


@pytest.mark.parametrize("hooks", [HttpHooks(), ALL], ids=["measured", "all"])
def test_its_first_part_is_there_before_the_second_is_made(
    serve: Serve, go_on: threading.Event, hooks: HttpHooks
) -> None:
    with serve(hooks) as on:
        began = time.perf_counter()
        with opened(on.port) as connection:
            assert b"first" in read_until(connection, b"first\n\r\n")
            came_within_ms = 1000 * (time.perf_counter() - began)
            go_on.set()
            assert b"second" in read_until(connection, b"0\r\n\r\n")
        (measured,) = eventually(lambda: measurements(on.tape))
    assert measured.statuses == {"2xx": 1}
    assert measured.max <= came_within_ms, "how long it goes on is not how long it took to answer"


def test_one_that_nobody_reads_to_its_end_has_not_failed(serve: Serve, go_on: threading.Event) -> None:
    with serve(ALL) as on:
        with opened(on.port) as connection:
            read_until(connection, b"first\n\r\n")
        go_on.set()
        assert eventually(lambda: statuses(on.tape) == {"GET /gated": {"2xx": 1}})
