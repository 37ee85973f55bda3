"""Every value within a value, with its place. Without recursion, so that no depth is too deep for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def walk(value: Any) -> Iterator[tuple[str, int, Any]]:
    """Yield (path, depth, value) for a plain value and all that its dicts and lists hold, keys included.

    path: as in `layers.smc.value[0]`. depth: how many dicts and lists the value is or stands in.
    """
    stack: list[tuple[str, int, Any]] = [("", 0, value)]
    while stack:
        path, depth, one = stack.pop()
        inner: list[tuple[str, int, Any]]
        if isinstance(one, dict):
            depth += 1
            inner = [(f"{path}.{key}" if path else f"{key}", depth, each) for key, each in one.items()]
            yield from ((path, depth, key) for key in one)
        elif isinstance(one, (list, tuple)):
            depth += 1
            inner = [(f"{path}[{index}]", depth, each) for index, each in enumerate(one)]
        else:
            inner = []
        yield path, depth, one
        stack += reversed(inner)
