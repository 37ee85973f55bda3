"""What the dashboard's room can do for a person on the machine itself: keys of the HTTP API made, listed, ended.

Plain functions for commands. Each raises only errors of `signaltape.errors`, each of one line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from signaltape.errors import InvalidRequest, NotFound
from signaltape.settings import Settings
from sink.db import AsyncConnection, connect_async, database_url
from sink.plain_errors import plain_errors
from web import keys
from web.keys import ListedKey, NewKey

T = TypeVar("T")


@plain_errors()
def create_key(settings: Settings, name: str, scopes: Sequence[str]) -> NewKey:
    """Make a key; its text is known this once. scopes: of `web.keys.SCOPES`, at least one."""
    if not name.strip():
        raise InvalidRequest("a key needs a name")
    return _asked(settings, lambda session: keys.create(session, name, scopes))


@plain_errors()
def list_keys(settings: Settings) -> list[ListedKey]:
    """All keys, also those that were revoked."""
    return _asked(settings, keys.listed)


@plain_errors()
def revoke_key(settings: Settings, key_id: str) -> None:
    """End a key, and the logins that were made with it. Raises NotFound."""
    if not _asked(settings, lambda session: keys.revoke(session, key_id)):
        raise NotFound(f"there is no valid key {key_id}: see python -m web keys list")


@plain_errors()
def has_keys(settings: Settings) -> bool:
    """Whether there is a valid key."""
    return _asked(settings, keys.any_key)


def _asked(settings: Settings, ask: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    url = database_url(settings)

    async def connected() -> T:
        async with await connect_async(url, name="signaltape-keys") as session:
            return await ask(session)

    return asyncio.run(connected())
