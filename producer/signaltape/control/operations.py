"""What control can do for a person: pause, resume, see who is there and who has answered.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
Where Postgres is at hand, `sink.control` does the same and keeps it there in the same moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from signaltape.control import commanding
from signaltape.control.answers import WITHIN_S, Answers, wait_for_answers
from signaltape.control.commanding import Standing
from signaltape.control.state import Control
from signaltape.plain_errors import plain_errors
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Settings

#: A person waits for no server longer than this.
_SERVER_WITHIN_S = 3.0


@plain_errors()
def pause(settings: Settings, by: str, why: str = "", *, above: int = 0) -> Control:
    """Have everything pause; `answers` says who does. above: an epoch that Postgres knows."""
    with _connected(settings) as client:
        return commanding.pause(client, settings.stream, by, why, above=above)


@plain_errors()
def resume(settings: Settings, by: str, why: str = "", *, above: int = 0) -> Control:
    """Have everything go on."""
    with _connected(settings) as client:
        return commanding.resume(client, settings.stream, by, why, above=above)


@plain_errors()
def processes(settings: Settings) -> Standing:
    """What is wanted, and who is there."""
    with _connected(settings) as client:
        return commanding.standing(client, settings.stream)


@plain_errors()
def answers(settings: Settings, epoch: int, within_s: float = WITHIN_S) -> Answers:
    """Wait until everyone has answered, for at most so long: who has, and who has not."""
    with _connected(settings) as client:
        return wait_for_answers(client, settings.stream, epoch, within_s)


@contextmanager
def _connected(settings: Settings) -> Iterator[redis.Redis]:
    client = redis_client(
        redis_url(settings), socket_timeout=_SERVER_WITHIN_S, socket_connect_timeout=_SERVER_WITHIN_S
    )
    try:
        yield client
    finally:
        client.close()
