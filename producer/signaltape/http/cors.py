"""Which pages of other origins may read the answers (CORS): an exact list, without cookies. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from signaltape.errors import SettingsError
from signaltape.showing import show

#: What a page may read of an answer, besides what it always may.
EXPOSED = (
    "X-Request-Id, X-API-Version, X-Model-Version, X-Features-Version, X-Rules-Version, Retry-After, "
    "RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, RateLimit-Policy, RateLimit"
)
VARY = ("Vary", "Origin")


class Cors(Struct, frozen=True, kw_only=True):
    """origins: as a browser sends them, such as `https://desk.example`; there is no wildcard.

    methods, headers: what a page may send; max_age_s: how long a browser remembers.
    """

    origins: frozenset[str]
    methods: tuple[str, ...] = ("GET", "HEAD", "POST")
    headers: tuple[str, ...] = ("Authorization", "Content-Type", "X-Api-Key", "X-Request-Id")
    max_age_s: int = 600

    def __post_init__(self) -> None:
        for origin in self.origins:
            if not _is_origin(origin):
                raise SettingsError(f"cors.origins: {show(origin)} is no origin such as https://desk.example")

    def allows(self, origin: str | None) -> bool:
        """Whether a page of this origin may read."""
        return origin is not None and origin in self.origins

    def of_answer(self, origin: str | None) -> list[tuple[str, str]]:
        """Headers of an answer. Vary stands on all, for a cache must not give one origin's answer to another."""
        if origin is None or not self.allows(origin):
            return [VARY]
        return [VARY, ("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", EXPOSED)]

    def of_preflight(self) -> list[tuple[str, str]]:
        """Further headers of the answer to a browser that asks before it sends."""
        return [
            ("Access-Control-Allow-Methods", ", ".join(self.methods)),
            ("Access-Control-Allow-Headers", ", ".join(self.headers)),
            ("Access-Control-Max-Age", str(self.max_age_s)),
        ]


def _is_origin(text: str) -> bool:
    """Scheme, host and perhaps a port, and nothing else; in small letters, as browsers say it."""
    try:
        parts = urlsplit(text)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and text == f"{parts.scheme}://{parts.hostname}{port}"
