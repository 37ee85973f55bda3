"""Answers in JSON: numbers as exact as they are stored, no float on the way."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def as_json(document: Any) -> web.Response:
    """An answer."""
    return web.Response(body=_ENCODER.encode(document), content_type="application/json")
