"""Saying what is wanted, and reading what stands in Redis: for whoever commands, with any client that speaks bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import redis
from msgspec import Struct

from signaltape.control.processes import Process, highest_epoch, processes_of
from signaltape.control.scripts import SAY, SAY_AGAIN
from signaltape.control.state import PAUSED, RUNNING, Control, Garbled, State, control_of, short_text
from signaltape.stream import control_key, processes_key


class Standing(Struct, frozen=True):
    """What is wanted (None: nothing is known, or it cannot be read), who is there, and the server's time."""

    control: Control | None
    processes: list[Process]
    now_ms: int


def pause(client: redis.Redis, stream: str, by: str, why: str = "", *, above: int = 0) -> Control:
    """Say to all: pause. Raises RedisError. above: an epoch that Postgres knows; the new one is higher."""
    return _say(client, stream, PAUSED, by, why, above)


def resume(client: redis.Redis, stream: str, by: str, why: str = "", *, above: int = 0) -> Control:
    """Say to all: go on. As `pause`."""
    return _say(client, stream, RUNNING, by, why, above)


def assert_again(
    client: redis.Redis, stream: str, control: Control, *, instead_of: Control | None = None
) -> bool:
    """Say once more what was said, unless Redis has something newer; whether it had not. Raises RedisError.

    instead_of: and unless Redis has anything else than this by now.
    """
    given = (control.state, control.by, control.why, control.epoch, control.at_ms)
    expected = (instead_of.state, instead_of.epoch) if instead_of is not None else ()
    return bool(client.eval(SAY_AGAIN, 1, control_key(stream), *given, *expected))


def read(client: redis.Redis, stream: str) -> Control | None:
    """What is wanted; None if nothing is known. Raises RedisError, and Garbled for what cannot be read."""
    fields: Any = client.hgetall(control_key(stream))
    return control_of(fields)


def processes(client: redis.Redis, stream: str) -> list[Process]:
    """Who is there, by name; those that have been silent for long are among them. Raises RedisError."""
    fields: Any = client.hgetall(processes_key(stream))
    return processes_of(fields)


def standing(client: redis.Redis, stream: str) -> Standing:
    """All of it. Raises RedisError."""
    with client.pipeline(transaction=False) as asked:
        # In this order: what a process has heard by now stands in what is wanted, too, unless it was lost.
        asked.hgetall(processes_key(stream))
        asked.hgetall(control_key(stream))
        asked.time()
        shown, fields, time = asked.execute(raise_on_error=False)
    for answer in (shown, time):
        if isinstance(answer, redis.RedisError):
            raise answer
    return Standing(_readable(fields), processes_of(shown), milliseconds(time))


def epoch_heard(client: redis.Redis, stream: str) -> int:
    """The highest number that a process has heard, whatever Redis itself forgot; 0 if this user may not see it.

    What is said below it would be heeded by nobody who has heard that. Raises RedisError when Redis is away.
    """
    with suppress(redis.ResponseError):
        found = standing(client, stream)
        return highest_epoch(found.processes, found.now_ms)
    return 0


def milliseconds(time: tuple[int, int]) -> int:
    """The answer to TIME."""
    return time[0] * 1000 + time[1] // 1000


def _readable(fields: Any) -> Control | None:
    try:
        return None if isinstance(fields, redis.ResponseError) else control_of(fields)
    except Garbled:
        return None


def _say(client: redis.Redis, stream: str, state: State, by: str, why: str, above: int) -> Control:
    by, why, above = short_text(by), short_text(why), max(above, epoch_heard(client, stream))
    epoch, at_ms = client.eval(SAY, 1, control_key(stream), state, by, why, above)
    return Control(state=state, epoch=int(epoch), by=by, why=why, at_ms=int(at_ms))
