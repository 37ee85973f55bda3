"""From the stream to the phone: what stands in the chats, through a Bot API that fails in every way."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from desk.alerting.process import run
from signaltape import Settings
from sink.db import Connection
from tests.integration.alerting import desk_settings, messages, plan, publish
from tests.integration.draining import add
from tests.support.botapi import BotServer
from tests.support.samples import closed, new_id, triggered
from tests.support.sending import QuickSender, with_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

CHATS = ("42", "43", "-77")
#: After these it is known whether the message is there.
CLEAR = ("ok", "ok", "429")
UNCLEAR = (*CLEAR, "closed after", "timeout after", "closed before")
_REF = re.compile(r"^ref: (\S+)", re.MULTILINE)


def chat(
    settings: Settings,
    connection: Connection,
    faults: tuple[str, ...],
    work: Callable[[], None],
    done: Callable[[BotServer], bool],
) -> BotServer:
    """What stands in the chats once a desk and a sender have done `work`."""
    stop = threading.Event()
    desk = desk_settings(SIGNALTAPE_ALERT_CHATS=",".join(CHATS))

    async def serve(server: BotServer, sender: QuickSender) -> None:
        chance = random.Random(7)
        server.retry_after_s = 0
        server.chance_of_fault = lambda: chance.choice(faults)
        ended = asyncio.Event()
        sending = asyncio.create_task(sender.run(ended))
        alerting = asyncio.create_task(asyncio.to_thread(run, settings, desk, stop, name="d-1"))
        try:
            await asyncio.to_thread(work)
            async with asyncio.timeout(40):
                while not done(server):
                    assert not alerting.done()
                    await asyncio.sleep(0.05)  # between two questions
        finally:
            stop.set()
            ended.set()
            await asyncio.gather(alerting, sending)

    return with_server(serve, connection)


def by_ref(server: BotServer) -> dict[str, Counter[str]]:
    """How often each alert stands in each chat."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for number, text in server.messages.items():
        for ref in _REF.findall(text):
            found[ref][server.chat_of[number]] += 1
    return found


def test_each_alert_stands_once_in_each_chat_and_says_what_became_of_its_signal(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    ids = [new_id() for _ in range(12)]

    def work() -> None:
        for signal_id in ids:
            publish(redis_client, key, plan(signal_id))
            add(redis_client, key, "signal_triggered", triggered(signal_id))
        eventually(lambda: len(messages(connection)) == len(ids) * len(CHATS))
        for signal_id in ids:
            add(redis_client, key, "signal_closed", closed(signal_id))

    def done(server: BotServer) -> bool:
        return sum("closed +1.65 R" in text for text in server.messages.values()) == len(ids) * len(CHATS)

    server = chat(settings, connection, CLEAR, work, done)
    assert len(by_ref(server)) == len(ids)
    assert all(count == dict.fromkeys(CHATS, 1) for count in by_ref(server).values())
    assert all("triggered" in text for text in server.messages.values())


def test_one_that_may_not_have_come_is_sent_once_more_and_says_so(
    settings: Settings, redis_client: Any, key: str, connection: Connection
) -> None:
    ids = [new_id() for _ in range(12)]

    def work() -> None:
        publish(redis_client, key, *map(plan, ids))

    def done(_server: BotServer) -> bool:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE state IN ('sent', 'uncertain')) FROM outbox"
        ).fetchone()
        assert row is not None
        return bool(row[0] == len(ids) * len(CHATS))

    server = chat(settings, connection, UNCLEAR, work, done)
    marked = sum("may repeat" in text for text in server.messages.values())
    for text_of_one in by_ref(server).values():
        assert max(text_of_one.values()) <= 2
    plain = [number for number, text in server.messages.items() if "may repeat" not in text]
    once = Counter((server.chat_of[number], *_REF.findall(server.messages[number])) for number in plain)
    assert set(once.values()) == {1}, "a second one without the mark"
    assert marked
