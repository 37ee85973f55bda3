"""Several senders, and senders that die or are overtaken: a message is sent once."""

from __future__ import annotations

import asyncio

import pytest

from outbox.bot_api import BotApi
from outbox.outbox import Outbox
from outbox.rate_limiter import RateLimiter
from outbox.text import Text
from signaltape import Secret
from sink.db import Connection, connect
from tests.support.botapi import TOKEN, BotServer, bot_server
from tests.support.holding import Held
from tests.support.sending import CALL_TIMEOUT_S, REPORT, SOON, QuickSender, line_to, now, state, with_server

#: Longer than any test may take.
WITHIN_S = 20.0


def test_two_senders_share_an_outbox(connection: Connection, database: Secret) -> None:
    for number in range(6):
        Outbox(connection).enqueue(f"k{number}", str(number), Text(f"report {number}"), now() + SOON)

    async def run() -> list[str]:
        async with bot_server() as server, BotApi(Secret(TOKEN), server.base, CALL_TIMEOUT_S) as api:
            with connect(database) as first, connect(database) as second:
                senders = [QuickSender(own, api) for own in (first, second)]
                await asyncio.gather(*(sender.drain(20) for sender in senders))
            return sorted(server.messages.values())

    assert asyncio.run(run()) == [f"report {number}" for number in range(6)]


def test_a_sender_that_died_gives_its_message_back_after_the_lease(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON)
    leased = outbox.lease()
    assert leased is not None
    outbox.stub_sent(leased, 100)
    assert outbox.lease() is None
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    again = outbox.lease()
    assert again is not None
    assert (again.message_ids, again.fencing_token) == ([100], 2), (
        "the stub that stands is filled, no other is sent"
    )


def test_a_sender_that_was_overtaken_writes_and_sends_nothing_more(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON)
    first = outbox.lease()
    assert first is not None
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    second = outbox.lease()
    assert second is not None
    assert (outbox.renew_lease(first), outbox.renew_lease(second)) == (False, True)
    outbox.finish(first, "failed", "too late")
    assert state(connection) == "sending"


def test_a_sender_that_died_in_a_call_leaves_its_stub_counted(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON)
    for _ in range(2):
        leased = outbox.lease()
        assert leased is not None
        outbox.stub_begun(leased)
        connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")

    async def work(_server: BotServer, sender: QuickSender) -> None:
        assert await sender.drain(5)

    assert with_server(work, connection).calls == [], "a third stub could be the third in the chat"
    assert state(connection) == "uncertain"


def test_a_sender_that_froze_over_its_turn_does_not_hold_up_the_others(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + SOON)
    monkeypatch.setattr("sink.db._MOST_IDLE_ASYNC_S", 0.2)

    async def work(_server: BotServer, sender: QuickSender) -> None:
        async with line_to(connection) as frozen, asyncio.timeout(WITHIN_S):
            pace = RateLimiter(frozen)
            await frozen.execute("BEGIN")
            await pace._do("ensure", scopes=["*", "42"])
            await pace._do("lock", scopes=["*", "42"])
            assert await sender.drain(WITHIN_S)

    assert list(with_server(work, connection).messages.values()) == [REPORT.text]
