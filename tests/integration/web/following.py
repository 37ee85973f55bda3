"""A follower of `/api/events`, as a browser's EventSource is one."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.served import Served

_COME_WITHIN_S = 60.0


class Heard(NamedTuple):
    """One server-sent event."""

    kind: str
    id: str
    data: Any


@contextmanager
def following(served: Served, query: str = "", **headers: str) -> Iterator[Iterator[Heard]]:
    """What `/api/events` says from now on."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", f"/api/events{query}", headers=named)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        yield _heard(answer)
    finally:
        connection.close()


def of_events(heard: Iterator[Heard], count: int) -> list[Heard]:
    """The next so many, without pulses. Fails if they do not come."""
    found: list[Heard] = []
    for one in within_time(heard):
        if one.kind == "message":
            found.append(one)
        if len(found) == count:
            break
    return found


def within_time(heard: Iterator[Heard]) -> Iterator[Heard]:
    """All that is heard for a while: pulses go on for ever. Fails if what is looked for has not come by then."""
    until = time.monotonic() + _COME_WITHIN_S
    for one in heard:
        assert time.monotonic() < until, f"{one} and not what is looked for"
        yield one


def _heard(answer: http.client.HTTPResponse) -> Iterator[Heard]:
    fields: dict[str, str] = {}
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Heard(fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}
