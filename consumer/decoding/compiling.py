"""Functions written out from declarations, as dataclasses write theirs: a loop over fields is too slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def compiled(
    name: str, arguments: Sequence[str], lines: Sequence[str], **known: object
) -> Callable[..., Any]:
    """A function of these lines. They hold names and bounds of our own declarations, and nothing from outside.

    known: what the lines may name.
    """
    for argument in arguments:
        assert argument.isidentifier()
    body = "\n".join(f"    {line}" for line in lines)
    scope: dict[str, Any] = dict(known)
    exec(f"def {name}({', '.join(arguments)}):\n{body}\n", scope)  # noqa: S102 - see above
    made: Callable[..., Any] = scope[name]
    return made
