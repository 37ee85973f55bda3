"""Our own styles and scripts, at addresses that change with their content: a browser keeps them for good."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_GOOD = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A file as it is served."""

    kind: str
    body: bytes
    zipped: bytes
    tag: str


@cache
def assets() -> dict[str, Asset]:
    """All files by their address below /static/."""
    found = {}
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in _KINDS:
            body = path.read_bytes()
            mark = hashlib.sha256(body).hexdigest()[:12]
            found[f"{path.stem}.{mark}{path.suffix}"] = Asset(
                _KINDS[path.suffix], body, gzip.compress(body, mtime=0), f'"{mark}"'
            )
    return found


@cache
def _addresses() -> dict[str, str]:
    return {_plain(name): f"/static/{name}" for name in assets()}


def address_of(name: str) -> str:
    """Where a file is served."""
    return _addresses()[name]


def _plain(name: str) -> str:
    stem, _, rest = name.partition(".")
    return f"{stem}.{rest.partition('.')[2]}"


async def serve(request: web.Request) -> web.Response:
    """One file."""
    asset = assets().get(request.match_info["name"])
    if asset is None:
        raise web.HTTPNotFound
    headers = {"Cache-Control": _FOR_GOOD, "Vary": "Accept-Encoding", "ETag": asset.tag}
    if asset.tag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body, headers["Content-Encoding"] = asset.zipped, "gzip"
    return web.Response(body=body, content_type=asset.kind, charset="utf-8", headers=headers)
