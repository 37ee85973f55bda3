"""How fast Telegram may be called: one call a second per chat, 20 a minute per group, 30 a second in all.

The pace is kept in Postgres, so that it holds for all senders of a bot together, and over their restarts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from outbox.judging import LONGEST_WAIT_S
from sink.db import AsyncConnection, fetched
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "pace.sql")
_ALL = "*"
#: No sender takes a turn that is further away: what is written further ahead was written before a clock was set back.
FURTHEST_TURN_S = 2.0
#: What a clock that is being corrected may go back by.
_ROOM_S = 1.0


class Limits(NamedTuple):
    """What the Bot API allows. `minute_s` is the minute that `group_per_minute` counts in, `second_s` alike."""

    chat_interval_s: float = 1.0
    group_per_minute: int = 20
    all_per_second: int = 30
    minute_s: float = 60.0
    second_s: float = 1.0
    #: edits leave so many calls a minute of a group to what is new
    edits_leave: int = 5

    @property
    def remembered(self) -> int:
        """How many calls must be remembered."""
        return max(self.group_per_minute, self.all_per_second)

    def for_edits(self) -> Limits:
        """What edits keep to: a group's last turns of a minute are for what is new."""
        return self._replace(group_per_minute=max(self.group_per_minute - self.edits_leave, 1))


LIMITS = Limits()


class RateLimiter:
    """Tells when the next call to a chat may go out, and notes it.

    connection: in autocommit mode.
    """

    def __init__(self, connection: AsyncConnection, limits: Limits = LIMITS) -> None:
        self._connection = connection
        self._limits = limits

    async def reserve(self, chat_id: str, longest_s: float, is_edit: bool = False) -> tuple[bool, float]:
        """Take the next turn for a chat: (True, seconds to wait before the call).

        (False, seconds) without taking it if that is more than `longest_s`, which is FURTHEST_TURN_S at most. is_edit:
        some turns are left to others.
        """
        scopes = [_ALL, chat_id, _hold(chat_id)]
        async with self._connection.transaction():
            await self._do("ensure", scopes=scopes)
            rows = await fetched(self._connection, _SQL["lock"], {"scopes": scopes})
            now = rows[0][2]
            calls = {scope: made for scope, made, _ in rows}
            held = held_until(calls.pop(_hold(chat_id)), now)
            calls = {scope: credible(made, now, FURTHEST_TURN_S + _ROOM_S) for scope, made in calls.items()}
            limits = self._limits.for_edits() if is_edit else self._limits
            due = next_turn(limits, is_group(chat_id), calls[_ALL], calls[chat_id], now)
            due = max(due, *held, now)
            wait_s = (due - now).total_seconds()
            if wait_s > longest_s:
                return False, wait_s
            for scope, made in calls.items():
                kept = sorted([*made, due])[-self._limits.remembered :]
                await self._do("note", scope=scope, calls=kept)
        return True, wait_s

    async def hold(self, chat_id: str, wait_s: float) -> None:
        """Telegram asked to leave a chat alone for so long."""
        await self._do("hold", scope=_hold(chat_id), wait_s=min(wait_s, LONGEST_WAIT_S))

    async def _do(self, query: str, **parameters: Any) -> None:
        await self._connection.execute(_SQL[query], parameters)


def credible(moments: Sequence[datetime], now: datetime, ahead_s: float) -> list[datetime]:
    """Those that can have been written by a clock that shows `now`. Pure.

    None is ever written further ahead than `ahead_s`: one that lies there was written before the clock was set back.
    """
    return [moment for moment in moments if moment <= now + timedelta(seconds=ahead_s)]


def held_until(hold: Sequence[datetime], now: datetime) -> Sequence[datetime]:
    """Until when a chat is to be left alone; nothing if it need not. Pure.

    hold: when that was said, and until when. What was said in the future was said before the clock was set back.
    """
    said, until = hold[:-1], hold[-1:]
    return credible(until, now, LONGEST_WAIT_S) if credible(said, now, _ROOM_S) == list(said) else []


def next_turn(
    limits: Limits, group: bool, all_calls: Sequence[datetime], chat_calls: Sequence[datetime], now: datetime
) -> datetime:
    """The first moment from `now` on at which a chat may be called. Pure; calls are in order of time."""
    due = now
    if chat_calls:
        due = max(due, chat_calls[-1] + timedelta(seconds=limits.chat_interval_s))
    if group and len(chat_calls) >= limits.group_per_minute:
        due = max(due, chat_calls[-limits.group_per_minute] + timedelta(seconds=limits.minute_s))
    if len(all_calls) >= limits.all_per_second:
        due = max(due, all_calls[-limits.all_per_second] + timedelta(seconds=limits.second_s))
    return due


def _hold(chat_id: str) -> str:
    """The scope that keeps until when a chat is to be left alone."""
    return f"hold {chat_id}"


def is_group(chat_id: str) -> bool:
    """Groups and channels have negative ids or public names; people have positive ids."""
    return chat_id.startswith(("-", "@"))
