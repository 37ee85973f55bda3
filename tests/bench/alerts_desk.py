"""A desk under measurement: it alerts and sends; each alert goes to one of ten private chats. `BASE TOKEN`"""

from __future__ import annotations

import asyncio
import sys
import threading

from desk.alerting.around import Around
from desk.alerting.process import run
from desk.alerts.model import Alert
from desk.reading import AlertChat
from desk.settings import DeskSettings
from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.policies import POLICIES
from outbox.rate_limiter import RateLimiter
from outbox.sender import Sender
from signaltape import Secret, Settings
from sink.db import connect_async, database_url

CHATS = 10


def one_of_ten(alert: Alert) -> list[AlertChat]:
    """By the number of its reference."""
    return [AlertChat(str(1000 + int(alert.ref_id.rpartition("_")[2]) % CHATS))]


async def main(base: str, token: str) -> None:
    settings, desk, stop = Settings.from_env(), DeskSettings.from_env(), threading.Event()
    around = Around(chats=one_of_ten)
    line = await connect_async(database_url(settings), name="bench sender")
    async with BotApi(Secret(token), base) as api:
        alerting = asyncio.create_task(asyncio.to_thread(run, settings, desk, stop, around=around))
        await Sender(Leases(line, POLICIES), api, RateLimiter(line)).run(asyncio.Event())
        await alerting


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
