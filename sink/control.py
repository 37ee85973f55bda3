"""What is wanted of all processes, as Postgres keeps it; Redis and Postgres told each other's newer word."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import redis
from msgspec import convert
from msgspec.structs import asdict
from redis.exceptions import NoPermissionError

from signaltape.control.commanding import assert_again, epoch_heard, milliseconds, standing
from signaltape.control.commanding import read as read_in_redis
from signaltape.control.processes import fields_to_remove, lost_word
from signaltape.control.state import Control, Garbled, State, is_newer, short_text
from signaltape.stream import processes_key
from sink.db import Connection, rows_as_dicts
from sink.queries import own

_SQL = own("control")


def read(connection: Connection) -> Control | None:
    """What Postgres knows to be wanted; None if nothing. Raises DatabaseError."""
    rows = rows_as_dicts(connection, _SQL["read"])
    return convert(rows[0], Control) if rows else None


def keep(connection: Connection, control: Control) -> bool:
    """Keep what was said elsewhere, unless something newer is known; whether it was news. Raises DatabaseError."""
    return connection.execute(_SQL["keep"], asdict(control)).rowcount > 0


def say(connection: Connection, state: State, by: str, why: str = "", *, above: int = 0) -> Control:
    """Say something new, within the caller's transaction; `reconcile` behind its commit brings it to all processes.

    above: the epoch that Redis has (`epoch_in_redis`), if it can be reached. Raises DatabaseError.
    """
    given = {"state": state, "by": short_text(by), "why": short_text(why), "above": above}
    return convert(rows_as_dicts(connection, _SQL["say"], given)[0], Control)


def epoch_in_redis(client: redis.Redis, stream: str) -> int:
    """The number of what Redis knows, or of what a process has heard; 0 if it is away, or knows nothing to be read."""
    known = None
    try:
        with suppress(Garbled, redis.ResponseError):
            known = read_in_redis(client, stream)
        return max(known.epoch if known is not None else 0, epoch_heard(client, stream))
    except redis.RedisError:
        return known.epoch if known is not None else 0


def reconcile(client: redis.Redis, stream: str, connection: Connection) -> Control | None:
    """Bring the newer word of both to the other one; returns it. Raises RedisError, DatabaseError.

    connection: in autocommit mode. What cannot be read in Redis gives way to what Postgres knows.
    """
    here = read(connection)
    try:
        there = read_in_redis(client, stream)
    except (Garbled, redis.ResponseError) as error:
        if isinstance(error, NoPermissionError):
            raise
        there = None
    if there is not None and is_newer(there, here):
        keep(connection, there)
        return there
    if here is not None and is_newer(here, there):
        assert_again(client, stream, here)
    return here


def say_what_was_lost(client: redis.Redis, stream: str) -> Control | None:
    """Say anew what processes have heard and nobody keeps, so that all do the same; None if there is no such word.

    It has the next number, and takes the place of what was looked at alone: whatever anybody said since counts.
    `reconcile` takes it to Postgres. Raises RedisError.
    """
    found = standing(client, stream)
    lost = lost_word(found.processes, found.control, found.now_ms) if found.control is not None else None
    if lost is None:
        return None
    why = short_text(f"{lost.heard_by} follows a word that was lost")
    word = Control(state=lost.state, epoch=lost.epoch + 1, by="signaltape", why=why, at_ms=found.now_ms)
    return word if assert_again(client, stream, word, instead_of=found.control) else None


def be_short(connection: Connection, statement_ms: int) -> None:
    """Have no statement of this session take longer. Raises DatabaseError."""
    connection.execute(_SQL["short"], {"ms": str(statement_ms)})


def remove_gone(client: redis.Redis, stream: str) -> int:
    """Take processes that are gone out of the list, and what is no process; how many went. Raises RedisError."""
    fields: Any = client.hgetall(processes_key(stream))
    time: Any = client.time()
    gone = fields_to_remove(fields, milliseconds(time))
    return int(client.hdel(processes_key(stream), *gone)) if gone else 0
