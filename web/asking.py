"""Operations of the rooms, asked for a page: beside the event loop, reading only, for a bounded time."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from replay.operations.asking import impatient
from sink.db import only_reading
from web.threads import Threads

#: As in a pool of sessions: no statement of a question takes longer.
_LONGEST_MS = 10_000
#: Redis is waited for no longer: somebody waits for the page.
_REDIS_S = 2.0
#: More than one key may keep busy; and what the overview asks has threads of its own.
_ASKED = Threads("asked", 16)
#: What is asked of replays may wait for Redis: nothing else waits with it.
_OF_REPLAYS = Threads("replays", 4)
P = ParamSpec("P")
T = TypeVar("T")


async def asked(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What an operation answers. Its sessions of Postgres cannot write. Raises what it raises."""
    with only_reading(_LONGEST_MS):
        return await _ASKED.run(operation, *args, **kwargs)


async def of_replays(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What an operation on replays answers, on threads of their own. Raises what it raises."""
    with impatient(_REDIS_S):
        return await _OF_REPLAYS.run(operation, *args, **kwargs)
