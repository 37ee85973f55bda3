"""The JSON that a call is given."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from web.http.problems import Problem

T = TypeVar("T")


async def body_of(request: web.Request, kind: type[T]) -> T:
    """The body as this type. Raises Problem, which says what is wrong with it."""
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"The body cannot be used: {error}") from None
