"""An id for every request: taken over from the caller if it is sane, else a new one."""

from __future__ import annotations

import re
import secrets

from aiohttp import web

HEADER = "X-Request-Id"
REQUEST_ID = web.RequestKey("request_id", str)
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def take_over(text: str | None) -> str:
    """The caller's id if it is one, else 128 random bits."""
    if text is not None and _SANE.fullmatch(text):
        return text
    return secrets.token_hex(16)
