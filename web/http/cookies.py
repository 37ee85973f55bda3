"""A login as a signed cookie: which key, until when. It ends with its key."""

from __future__ import annotations

import hashlib
import hmac
import time

from aiohttp import web

from web.keys import ApiKey

NAME = "signaltape"
LIFETIME_S = 12 * 3600


def signed(key: ApiKey, now_s: float | None = None) -> str:
    """The cookie's value for a login by this key."""
    until = int((time.time() if now_s is None else now_s) + LIFETIME_S)
    return f"{key.key_id}.{until}.{_signature(key, until)}"


def key_id_of(value: str) -> str | None:
    """The id of the key that a cookie claims; nothing is proven yet."""
    key_id, _, rest = value.partition(".")
    return key_id if key_id.isalnum() and rest and len(value) < 200 else None


def is_valid(value: str, key: ApiKey, now_s: float | None = None) -> bool:
    """Whether this key signed the cookie and its time is not over."""
    _, _, rest = value.partition(".")
    until, _, signature = rest.partition(".")
    if not until.isascii() or not until.isdigit():
        return False
    now_s = time.time() if now_s is None else now_s
    right = hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(key, int(until)).encode())
    return right and now_s < int(until)


def put(response: web.StreamResponse, value: str, *, secure: bool) -> None:
    """Hand the cookie to a browser: no script reads it, no other site sends it."""
    response.set_cookie(
        NAME, value, max_age=LIFETIME_S, httponly=True, samesite="Strict", secure=secure, path="/"
    )


def remove(response: web.StreamResponse) -> None:
    """Log out."""
    response.del_cookie(NAME, path="/", httponly=True, samesite="Strict")


def _signature(key: ApiKey, until: int) -> str:
    return hmac.new(key.cookie_secret, f"{key.key_id}.{until}".encode(), hashlib.sha256).hexdigest()
