"""Our own styles and scripts, and uPlot, at addresses that change with their content: a browser keeps them for good."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
VENDOR = FOLDER / "vendor"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_GOOD = "public, max-age=31536000, immutable"


class Asset(NamedTuple):
    """A file as it is served. served_as: its address below /static/; tag: what its content is known by."""

    served_as: str
    kind: str
    body: bytes
    zipped: bytes
    tag: str


@cache
def _by_name() -> dict[str, Asset]:
    """All files by their own names."""
    paths = sorted((*FOLDER.iterdir(), *VENDOR.iterdir()))
    return {path.name: _asset(path) for path in paths if path.suffix in _KINDS}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    mark = hashlib.sha256(body).hexdigest()[:12]
    served_as = f"{path.stem}.{mark}{path.suffix}"
    return Asset(served_as, _KINDS[path.suffix], body, gzip.compress(body, mtime=0), f'"{mark}"')


@cache
def assets() -> dict[str, Asset]:
    """All files by their address below /static/."""
    return {one.served_as: one for one in _by_name().values()}


def address_of(name: str) -> str:
    """Where a file is served."""
    return f"/static/{_by_name()[name].served_as}"


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
