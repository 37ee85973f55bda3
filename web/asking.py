"""Operations of the rooms, asked for a page: beside the event loop, reading only, for a bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from sink.db import only_reading

#: As in a pool of sessions: no statement of a question takes longer.
_LONGEST_MS = 10_000
P = ParamSpec("P")
T = TypeVar("T")


async def asked(operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What an operation answers. Its sessions of Postgres cannot write. Raises what it raises."""
    with only_reading(_LONGEST_MS):
        return await asyncio.to_thread(operation, *args, **kwargs)
