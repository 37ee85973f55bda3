"""The updates as they are kept: stored once each, before Telegram is told so, and taken up one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from desk.heard import Heard, Ignored, heard, number_of
from signaltape.clock import WIB
from sink.db import AsyncConnection, Connection, fetched
from sink.queries import load

SQL = load(Path(__file__).parent / "sql" / "updates.sql")
#: What is counted of whoever has no role.
STRANGER = "stranger"


class Stored(NamedTuple):
    """What came of some updates: those that are new, and the highest number of all (None: they have none)."""

    new: list[Heard]
    highest: int | None


class Waiting(NamedTuple):
    """One that is worked on: its row is locked. said: a `Heard`, as it was stored."""

    update_id: int
    said: object
    received_at: datetime


class Store:
    """Takes updates in.

    me: the bot's name; admins: their ids; acts: whether one must be done in its turn.
    """

    def __init__(self, me: str, admins: frozenset[int], acts: Callable[[Heard], bool]) -> None:
        self._me, self._admins, self._acts = me, admins, acts

    async def take(self, connection: AsyncConnection, updates: Sequence[object], now: datetime) -> Stored:
        """Store those of users with a role, count the others: in one transaction. Raises DatabaseError."""
        new: list[Heard] = []
        refused: Counter[str] = Counter()
        async with connection.transaction():
            known = self._admins | {row[0] for row in await fetched(connection, SQL["known"])}
            for update in updates:
                one = heard(update, self._me)
                if isinstance(one, Ignored) or one.user_id not in known:
                    refused[one.reason if isinstance(one, Ignored) else STRANGER] += 1
                elif await self._stored(connection, one, now):
                    new.append(one)
            await _count(connection, refused, now)
        return Stored(
            new, max((found for one in updates if (found := number_of(one)) is not None), default=None)
        )

    async def _stored(self, connection: AsyncConnection, one: Heard, now: datetime) -> bool:
        row = {
            "update_id": one.update_id,
            "update": msgspec.json.encode(one).decode(),
            "acts": self._acts(one),
            "received_at": now,
        }
        return bool(await fetched(connection, SQL["store"], row))


async def _count(connection: AsyncConnection, refused: Counter[str], now: datetime) -> None:
    day = now.astimezone(WIB).date()
    for reason, n in sorted(refused.items()):
        await connection.execute(SQL["refused"], {"day": day, "reason": reason, "n": n})


def my_turn(connection: Connection) -> bool:
    """Whether this session may act, until its transaction ends: no other does meanwhile."""
    row = connection.execute(SQL["turn"]).fetchone()
    return row is not None and bool(row[0])


def next_waiting(connection: Connection, *, acts: bool) -> Waiting | None:
    """The oldest that waits and nobody works on; locked until the transaction ends."""
    row = connection.execute(SQL["next"], {"acts": acts}).fetchone()
    return Waiting(*row) if row else None


def asked_by(connection: Connection, update_id: int) -> tuple[str | None] | None:
    """The command of an update, None within if it was no command; None if it is forgotten."""
    row = connection.execute(SQL["asked"], {"update_id": update_id}).fetchone()
    return (row[0],) if row else None


def count_refused(connection: Connection, reason: str, now: datetime) -> None:
    """One more that nothing is done about."""
    connection.execute(SQL["refused"], {"day": now.astimezone(WIB).date(), "reason": reason, "n": 1})
