"""Replies to messages of ours: never alone; with buttons, silent and in topics as they were put in."""

from __future__ import annotations

import json

import pytest

from outbox.keyboard import Button
from outbox.operations import shown
from outbox.outbox import REPORT, Outbox
from outbox.policies import ALERT, ANSWER, RING
from outbox.text import Text
from signaltape.errors import NotFound
from signaltape.settings import Settings
from sink.db import Connection
from tests.support.botapi import BotServer
from tests.support.sending import SOON, QuickSender, now, state, with_server

ALERT_TEXT, RAW = Text("BTC long"), Text('{"side": "long"}')


def work_off(connection: Connection, faults: list[str] | None = None) -> BotServer:
    async def work(server: BotServer, sender: QuickSender) -> None:
        server.retry_after_s = 0
        server.faults.extend(faults or [])
        await sender.drain(10)

    return with_server(work, connection)


def put_in(connection: Connection) -> Outbox:
    """An alert with its reply, put in together."""
    outbox = Outbox(connection)
    with connection.transaction():
        outbox.enqueue("k", "42", ALERT_TEXT, now() + SOON, kind=ALERT)
        outbox.enqueue("raw", "42", RAW, now() + SOON, kind=ALERT, silent=True, reply_to="k")
    return outbox


def test_a_reply_comes_behind_its_message_and_silently(connection: Connection) -> None:
    put_in(connection)
    first, second = [body for _, body in work_off(connection).calls]
    assert (first["text"], "reply_parameters" in first, "disable_notification" in first) == (
        ALERT_TEXT.text,
        False,
        False,
    )
    assert second["reply_parameters"] == {"message_id": 100, "allow_sending_without_reply": True}
    assert second["disable_notification"] is True


def test_a_reply_waits_until_its_message_stands(connection: Connection) -> None:
    put_in(connection)
    texts = [body["text"] for _, body in work_off(connection, ["429", "500 before", "429"]).calls]
    assert texts == [*[ALERT_TEXT.text] * 2, *[f"{ALERT_TEXT.text}\n\nmay repeat"] * 2, RAW.text]


@pytest.mark.parametrize(
    ("ends", "then"), [("expired", "expired"), ("failed", "failed"), ("uncertain", "failed")]
)
def test_a_reply_ends_with_its_message(connection: Connection, ends: str, then: str) -> None:
    outbox = put_in(connection)
    connection.execute("UPDATE outbox SET state = %s WHERE message_key = 'k'", (ends,))
    assert work_off(connection).calls == []
    assert outbox.state("raw") == (then, f"the message that it replies to was not sent: {ends}")


def test_a_reply_to_nothing_is_not_put_in(connection: Connection) -> None:
    with pytest.raises(ValueError, match="reply_to: there is no message k"):
        Outbox(connection).enqueue("raw", "42", RAW, now() + SOON, kind=ALERT, reply_to="k")


def test_an_answer_stands_in_its_topic_with_its_buttons(connection: Connection) -> None:
    buttons = [[Button("⟳", data="p:status")], [Button("Page", url="https://example.com")]]
    Outbox(connection).enqueue(
        "k", "-42", RAW, now() + SOON, kind=ANSWER, keyboard=buttons, thread_id=7, ref=None
    )
    ((_, body),) = work_off(connection).calls
    assert body["message_thread_id"] == 7
    assert json.loads(json.dumps(body["reply_markup"])) == {
        "inline_keyboard": [
            [{"text": "⟳", "callback_data": "p:status"}],
            [{"text": "Page", "url": "https://example.com"}],
        ]
    }
    assert state(connection) == "sent"


def test_only_the_last_part_has_the_buttons_and_only_the_first_one_replies(connection: Connection) -> None:
    outbox = put_in(connection)
    outbox.enqueue(
        "long",
        "42",
        Text("line\n" * 1000),
        now() + SOON,
        kind=ALERT,
        reply_to="k",
        keyboard=[[Button("x", data="x")]],
    )
    parts = [body for _, body in work_off(connection).calls if body["text"].startswith("line")]
    assert ["reply_markup" in part for part in parts] == [False, True]
    assert ["reply_parameters" in part for part in parts] == [True, False]


def test_an_alert_whose_buttons_telegram_refuses_goes_without_them(connection: Connection) -> None:
    outbox = Outbox(connection)
    buttons = [[Button("Heatmap", url="http://localhost")]]
    outbox.enqueue("k", "42", ALERT_TEXT, now() + SOON, kind=ALERT, keyboard=buttons)
    outbox.edit("k", Text("closed"), buttons, not_after=now() + SOON)
    server = work_off(connection)
    assert (list(server.messages.values()), list(server.keyboards.values())) == (["closed"], [None])
    assert (state(connection), outbox.edit_state("k")) == ("sent", ("sent", None))


def test_a_message_of_the_table_is_shown_as_it_is_to_stand(
    connection: Connection, settings: Settings
) -> None:
    outbox = put_in(connection)
    outbox.edit("k", Text("closed"), [[Button("👍 ✓", data="x")]], not_after=now() + SOON)
    number = connection.execute("SELECT id FROM outbox WHERE message_key = 'raw'").fetchone()
    assert number is not None
    reply = shown(settings, number[0])
    assert (reply.text, reply.silent, reply.reply_to, reply.edited) == (
        RAW.text,
        True,
        ALERT_TEXT.text,
        False,
    )
    alert = shown(settings, number[0] - 1)
    assert (alert.text, alert.edited, alert.keyboard) == ("closed", True, [[Button("👍 ✓", data="x")]])
    with pytest.raises(NotFound, match="there is no message 99 in the outbox"):
        shown(settings, 99)


def test_what_somebody_waits_for_goes_before_a_report(connection: Connection) -> None:
    outbox = Outbox(connection)
    outbox.enqueue("report", "42", Text("report"), now() + SOON, kind=REPORT)
    outbox.enqueue("silent", "42", Text("silent"), now() + SOON, kind=ALERT, silent=True)
    outbox.enqueue("alert", "42", Text("alert"), now() + SOON, kind=ALERT)
    outbox.enqueue("answer", "42", Text("answer"), now() + SOON, kind=ANSWER)
    outbox.enqueue("ring", "42", Text("ring"), now() + SOON, kind=RING)
    outbox.edit("alert", Text("alert, edited"), not_after=now() + SOON)
    texts = [body["text"].partition("\n")[0] for _, body in work_off(connection).calls]
    assert texts == ["ring", "answer", "alert", "silent", "report", "report", "alert, edited"]
