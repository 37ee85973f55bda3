"""Calls of alerts that come at a wrong moment, or to a wrong place."""

from __future__ import annotations

from typing import Any

import pytest

from outbox import policies
from outbox.leases import Leased, Leases
from outbox.outbox import Outbox
from outbox.policies import ALERT
from outbox.text import Text
from sink.db import Connection
from tests.support.botapi import BotServer
from tests.support.holding import Held
from tests.support.sending import SOON, QuickSender, now, state, with_server

CRASH = Text("🔴 SOL-USDT-SWAP: stop hit")
CLOSED = Text("🔴 SOL-USDT-SWAP: closed -1 R")
MARK = "\n\nmay repeat · ib_1"
TOPIC = 7


def sent(connection: Connection, *faults: str, **manner: Any) -> BotServer:
    """Put one alert in and send until nothing waits."""
    Outbox(connection).enqueue("k", "-42", CRASH, now() + SOON, kind=ALERT, ref="ib_1", **manner)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.gone_topics = {TOPIC: "message thread not found", TOPIC + 1: "TOPIC_CLOSED"}
        server.faults.extend(faults)
        await sender.drain(10)

    return with_server(work, connection)


@pytest.mark.parametrize("topic", [TOPIC, TOPIC + 1])
def test_an_alert_whose_topic_is_gone_goes_to_the_group(connection: Connection, topic: int) -> None:
    server = sent(connection, thread_id=topic)
    assert list(server.messages.values()) == [CRASH.text]
    assert state(connection) == "sent"


def test_one_in_doubt_whose_topic_is_gone_meanwhile_says_that_it_may_repeat(connection: Connection) -> None:
    server = sent(connection, "timeout before", thread_id=TOPIC)
    assert list(server.messages.values()) == [CRASH.text + MARK]
    assert state(connection) == "sent"


def test_a_call_whose_beginning_was_noted_long_ago_is_not_made(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Leases.whole_begun

    async def late(self: Leases, message: Leased, place: int) -> bool:
        """Postgres says yes, and its answer comes when the message is past its time."""
        said = await begun(self, message, place)
        connection.execute("UPDATE outbox SET not_after = now()")
        return said

    monkeypatch.setattr(Leases, "whole_begun", late)
    monkeypatch.setattr(policies, "BEGINS_WITHIN_S", 0.0)
    assert sent(connection).calls == []
    assert state(connection) == "expired"


@pytest.mark.parametrize("learned", ["late answer", "resent by a person"])
def test_the_newest_text_stands_in_the_end_where_it_was_uncertain_whether_any_does(
    connection: Connection, learned: str
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "-42", CRASH, now() + SOON, kind=ALERT, ref="ib_1")
    frozen = outbox.lease()
    assert outbox.whole_begun(frozen, 0)
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    outbox.finish(outbox.lease(), "uncertain", "no answer")
    assert outbox.edit("k", CLOSED, not_after=now() + SOON)

    async def work(server: BotServer, sender: QuickSender) -> None:
        server.messages[100], server.keyboards[100] = CRASH.text, None
        assert await sender.drain(10), "nothing is due"
        if learned == "late answer":
            outbox.sent_whole(frozen, 0, 100)
        else:
            outbox.resend(frozen.id, now() + SOON)
        assert await sender.drain(10)

    server = with_server(work, connection)
    assert list(server.messages.values())[-1] == CLOSED.text
    assert outbox.edit_state("k") == ("sent", None)
