"""Polling: what waits is asked for, stored, and only then confirmed, by asking for what comes behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from desk.intake import Intake
from desk.telegram import Away, Telegram, TelegramAway
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.shipping.backoff import Backoff
from sink.db import DatabaseError

log = logging.getLogger("desk")
T = TypeVar("T")

#: The longest wait between two tries.
_LONGEST_WAIT_S = 30.0
_CONFLICT = "another process asks Telegram for this bot's updates, or a webhook is set: waiting for it to end"


async def poll(telegram: Telegram, intake: Intake, stop: asyncio.Event, notices: Notices) -> None:
    """Take updates until `stop` is set."""
    backoff = Backoff(cap_s=_LONGEST_WAIT_S)
    offset: int | None = None
    while not stop.is_set():
        try:
            updates = await unless_stopped(telegram.updates(offset), stop)
            if updates is None:
                return
            offset = await _taken(intake, updates, offset)
            backoff.reset()
        except TelegramAway as error:
            away = error.away
            notices.say("Telegram", _CONFLICT if away.conflict else f"Telegram is away: {away.why}")
            await pause(stop, max(away.wait_s, backoff.next_s()))
        except DatabaseError as error:
            notices.say("Postgres", f"Postgres is away, what Telegram has waits there: {one_line(error)}")
            await pause(stop, backoff.next_s())


async def _taken(intake: Intake, updates: Any, offset: int | None) -> int | None:
    """What to ask for next. Behind an empty answer all is confirmed: from then on without a number, for Telegram may
    begin to count anew after a quiet week."""
    if not updates:
        return None
    highest = await intake.take(updates)
    if highest is None:
        raise TelegramAway(Away("updates without numbers", conflict=False, wait_s=0.0))
    return max(highest + 1, offset or 0)


async def unless_stopped(call: Coroutine[Any, Any, T], stop: asyncio.Event) -> T | None:
    """The result of a call; None if it was to stop before."""
    doing, stopping = asyncio.ensure_future(call), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def pause(stop: asyncio.Event, wait_s: float) -> None:
    """Wait so long, or until it is to stop."""
    try:
        await asyncio.wait_for(stop.wait(), wait_s)
    except TimeoutError:
        return
