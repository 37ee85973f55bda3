"""Keys of the HTTP API: 256 random bits, shown once; only a hash is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sink.pool import Session, dicts
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "keys.sql")
SCOPES = ("read", "replay", "admin")
#: What a scope brings with it.
_IMPLIED = {"read": {"read"}, "replay": {"read", "replay"}, "admin": {"read", "replay", "admin"}}
_PREFIX = "st"


class NewKey(NamedTuple):
    """A key that was just made: the only time that its text is known."""

    text: str
    key_id: str
    secret_sha256: bytes
    cookie_secret: bytes


class ApiKey(NamedTuple):
    """A key that is valid."""

    key_id: str
    name: str
    scopes: frozenset[str]
    secret_sha256: bytes
    cookie_secret: bytes

    def may(self, scope: str) -> bool:
        """Whether it allows what asks for this scope; admin allows all, replay also reading."""
        return any(scope in _IMPLIED[one] for one in self.scopes)


class ListedKey(NamedTuple):
    """A key as a list shows it."""

    key_id: str
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def new_key() -> NewKey:
    """A fresh key."""
    key_id = secrets.token_hex(4)
    secret = secrets.token_bytes(32)
    shown = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    return NewKey(f"{_PREFIX}_{key_id}_{shown}", key_id, digest(shown), secrets.token_bytes(32))


def digest(secret: str) -> bytes:
    """What is stored of the secret part of a key."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def parts_of(text: str) -> tuple[str, str] | None:
    """Id and secret of a key's text; None if it cannot be a key."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != _PREFIX or not key_id.isalnum() or not secret or len(text) > 200:
        return None
    return key_id, secret


async def create(session: Session, name: str, scopes: Sequence[str]) -> NewKey:
    """Make and store a key."""
    made = new_key()
    await session.execute(_SQL["create"], {**made._asdict(), "name": name, "scopes": list(scopes)})
    return made


async def find(session: Session, key_ids: Sequence[str]) -> dict[str, ApiKey]:
    """The valid keys among these ids, by their id."""
    rows = await dicts(session, _SQL["find"], {"key_ids": list(key_ids)})
    return {row["key_id"]: ApiKey(**{**row, "scopes": frozenset(row["scopes"])}) for row in rows}


async def any_key(session: Session) -> bool:
    """Whether there is a valid key at all."""
    return bool(await dicts(session, _SQL["any"]))


async def listed(session: Session) -> list[ListedKey]:
    """All keys, also those that were revoked."""
    return [ListedKey(**row) for row in await dicts(session, _SQL["list"])]


async def revoke(session: Session, key_id: str) -> bool:
    """End a key, and the logins made by it. False if there is no such valid key."""
    return bool(await dicts(session, _SQL["revoke"], {"key_id": key_id}))


async def touch(session: Session, key_id: str) -> None:
    """Note that it was used just now."""
    await session.execute(_SQL["touch"], {"key_id": key_id})


def is_right(key: ApiKey, secret: str) -> bool:
    """Whether this is the key's secret; takes the same time for every wrong one."""
    return hmac.compare_digest(key.secret_sha256, digest(secret))
