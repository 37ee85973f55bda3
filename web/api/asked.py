"""The body of a call as the struct that it must be; what is wrong is named by its field."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from web.http.access import need
from web.http.problems import Problem

T = TypeVar("T", bound=msgspec.Struct)


async def body_of(request: web.Request, kind: type[T], *, scope: str = "read") -> T:
    """The body, as JSON, of who may do what asks for this scope; an empty one is an object without fields.

    Raises Problem: 403 for who may not, 400 for no JSON, 422 for wrong.
    """
    need(request, scope)
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(400, "The body must be JSON.") from None
