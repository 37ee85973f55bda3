"""A few threads for questions of one kind: however slow their answers are, other questions have threads left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """At most so many; they are started when they are needed."""

    def __init__(self, name: str, most: int) -> None:
        self._executor = ThreadPoolExecutor(most, thread_name_prefix=name)

    async def run(self, operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a function that blocks returns; as `asyncio.to_thread`, but on these threads."""
        context = copy_context()
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: context.run(operation, *args, **kwargs)
        )

    def close(self) -> None:
        """What waits is not begun any more."""
        self._executor.shutdown(wait=False, cancel_futures=True)
