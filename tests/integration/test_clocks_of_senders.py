"""Clocks that were set back, or are ahead, while messages wait: none is held up, sent too soon or sent for ever."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from outbox.outbox import Outbox
from outbox.text import Text
from reports.building import build
from reports.weeks import newest_due
from signaltape import Secret, Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.support.botapi import TOKEN, BotServer
from tests.support.holding import Held, Pace
from tests.support.sending import REPORT, SOON, QuickSender, now, with_server


def test_a_clock_that_was_set_back_holds_up_no_message(connection: Connection) -> None:
    Outbox(connection).enqueue("k", "42", REPORT, now() + timedelta(days=2))
    for scope in ("*", "42"):
        connection.execute(
            "INSERT INTO telegram_pace VALUES (%s, ARRAY[now() + interval '5 hours', now() + interval '6 hours'])",
            (scope,),
        )
    connection.execute(
        "UPDATE outbox SET updated_at = now() + interval '5 hours', next_try_at = now() + interval '5 hours',"
        " leased_until = now() + interval '5 hours', state = 'sending'"
    )
    server = with_server(_drain, connection)
    assert list(server.messages.values()) == [REPORT.text]


async def _drain(_server: BotServer, sender: QuickSender) -> None:
    assert await sender.drain(5)


def test_telegram_may_ask_to_leave_a_chat_alone_for_hours(connection: Connection) -> None:
    pace = Pace(connection)
    pace.hold("42", 7200)
    pace.hold("42", 60)
    taken, wait_s = pace.reserve("42", 2)
    assert not taken
    assert wait_s == pytest.approx(7200, abs=5)
    assert pace.reserve("43", 2)[0], "other chats go on"


def test_a_message_that_a_sender_died_over_is_due_though_the_clock_was_set_back_before(
    connection: Connection,
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + timedelta(days=2))
    connection.execute(
        "UPDATE outbox SET updated_at = now() + interval '5 hours', next_try_at = now() + interval '5 hours'"
    )
    assert outbox.lease() is not None, "by a sender that dies"
    connection.execute("UPDATE outbox SET leased_until = now() - interval '1 s'")
    assert outbox.lease() is not None


@pytest.mark.parametrize("noted", ["newer text", "late stub", "late text"])
def test_a_message_that_was_put_off_before_the_clock_was_set_back_is_due_whatever_is_noted_of_it(
    connection: Connection, noted: str
) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + timedelta(days=2))
    held = outbox.lease()
    assert held is not None
    if noted == "late text":
        outbox.stub_sent(held, 7)
    outbox.retry(held, 60.0, "no answer")
    connection.execute(
        "UPDATE outbox SET updated_at = now() + interval '5 hours', next_try_at = now() + interval '5 hours'"
    )
    if noted == "newer text":
        assert outbox.enqueue("k", "42", Text("newer"), now() + timedelta(days=2))
    elif noted == "late stub":
        outbox.stub_sent(held, 7)
    else:
        outbox.filled(held, 0, 7)
    assert outbox.lease() is not None


def test_a_clock_that_was_set_back_leaves_no_chat_alone_for_longer(connection: Connection) -> None:
    pace = Pace(connection)
    pace.hold("42", 3)
    connection.execute(
        "UPDATE telegram_pace SET calls = (SELECT array_agg(one + interval '5 hours') FROM unnest(calls) one)"
    )
    assert pace.reserve("42", 2)[0], "3 seconds were asked for, not 5 hours"
    pace.hold("42", 60)
    assert pace.reserve("42", 2)[1] == pytest.approx(60, abs=5)


def test_a_machine_whose_clock_is_ahead_reports_no_week_that_is_not_over(
    connection: Connection, settings: Settings
) -> None:
    ahead = utc_now() + timedelta(days=21)
    bot = msgspec.structs.replace(settings, telegram_bot_token=Secret(TOKEN), telegram_chat_id="42")
    assert not build(bot, newest_due(ahead), ahead)
    assert connection.execute("SELECT count(*) FROM outbox").fetchone() == (0,)


def test_a_message_whose_sender_died_expires_though_the_clock_was_set_back(connection: Connection) -> None:
    outbox = Held(connection)
    outbox.enqueue("k", "42", REPORT, now() + SOON)
    assert outbox.lease() is not None, "by a sender that dies"
    connection.execute(
        "UPDATE outbox SET not_after = now(), updated_at = now() + interval '5 hours',"
        " leased_until = now() + interval '5 hours'"
    )
    assert outbox.lease() is None
    assert outbox.state("k") == ("expired", None)
    assert outbox.next_due_s() is None, "nothing is waited for"
