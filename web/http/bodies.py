"""A body comes whole and soon, or its request is refused."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from web.http.problems import Problem

#: Bodies are forms and small JSON.
MOST_BYTES = 256 * 1024
WITHIN_S = 10.0
_WITHOUT = ("GET", "HEAD", "OPTIONS")
_CLOSE = {"Connection": "close"}
#: Others are read by slow codecs, or give texts that no text may be.
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


@web.middleware
async def whole_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read the body before anything is done with it; handlers find it read."""
    if request.body_exists and request.method not in _WITHOUT:
        if request.content_type.startswith("multipart/") or "Content-Encoding" in request.headers:
            raise Problem(415, "Send the body as a plain form or as JSON, not packed.", headers=_CLOSE)
        if (request.charset or "utf-8").lower() not in _CHARSETS:
            raise Problem(415, "Send the body as UTF-8.", headers=_CLOSE)
        await _read(request)
    return await handler(request)


async def _read(request: web.Request) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            await request.read()
    except TimeoutError:
        raise Problem(408, f"The body did not come within {WITHIN_S:g} s.", headers=_CLOSE) from None
    except (web.RequestPayloadError, OSError):  # chunks that are none, or nobody there any more
        raise Problem(400, "The body could not be read.", headers=_CLOSE) from None
