"""API keys: who asks, and what each may. Keys are known by their SHA-256 only. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from signaltape.errors import SettingsError
from signaltape.showing import show

#: While one replaces the other both are valid.
MOST_KEYS_OF_A_CLIENT = 2
#: Longer is no key: hashing it would only be work for whoever sends it.
_MOST_SIGNS = 512
_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BEARER = "bearer "


class Client(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may ask. sha256: of one key, or of two while the new one replaces the old (64 hex digits each)."""

    name: str
    sha256: tuple[str, ...]
    scopes: frozenset[str]

    def __post_init__(self) -> None:
        if not _WORD.fullmatch(self.name):
            raise SettingsError(f"keys: the client's name {show(self.name)} must be letters, digits and ._-")
        if not 1 <= len(self.sha256) <= MOST_KEYS_OF_A_CLIENT:
            raise SettingsError(f"keys: client {self.name} must have one key or two, got {len(self.sha256)}")
        if not all(_DIGEST.fullmatch(one) for one in self.sha256):
            raise SettingsError(
                f"keys: client {self.name}: each of sha256 must be 64 hex digits in small letters"
            )


class Keys(Struct, frozen=True, kw_only=True, dict=True, forbid_unknown_fields=True):
    """clients: who may ask. routes: the scope that each endpoint needs, None for one that is open to all.

    Endpoints are named as they are measured (`GET /api/signal/<symbol>`), or by the pattern alone for all methods;
    every other one, and what does not exist, needs `otherwise`.
    """

    clients: tuple[Client, ...]
    routes: Mapping[str, str | None] = {}
    otherwise: str = "read"

    def __post_init__(self) -> None:
        known = [digest for client in self.clients for digest in client.sha256]
        if len(set(known)) != len(known):
            raise SettingsError("keys: one key belongs to two clients, or stands twice")

    @cached_property
    def _found(self) -> list[tuple[bytes, Client]]:
        return [(bytes.fromhex(one), client) for client in self.clients for one in client.sha256]

    def client_of(self, key: str | None) -> Client | None:
        """Whose key it is. Every digest is compared, in the same time wherever they differ."""
        if not key or len(key) > _MOST_SIGNS:
            return None
        given, found = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest(), None
        for digest, client in self._found:
            if hmac.compare_digest(given, digest):
                found = client
        return found

    def scope_of(self, method: str, pattern: str) -> str | None:
        """What an endpoint needs; None if it is open. HEAD needs what GET does."""
        for name in (f"{'GET' if method == 'HEAD' else method} {pattern}", pattern):
            if name in self.routes:
                return self.routes[name]
        return self.otherwise


def key_in(authorization: str | None, x_api_key: str | None) -> str | None:
    """The key that a request carries: `Authorization: Bearer KEY`, or `X-Api-Key: KEY`."""
    if authorization is not None and authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    return x_api_key
