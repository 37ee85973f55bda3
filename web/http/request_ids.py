"""Where a request's id stands; how it comes to one is the engines' rule, too: `signaltape.http.request_ids`."""

from __future__ import annotations

from aiohttp import web

REQUEST_ID = web.RequestKey("request_id", str)
