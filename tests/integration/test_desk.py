"""The desk answers who may ask, does what it is told once, and asks before it acts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from desk.callbacks import confirmation
from desk.operations.users import add_user, remove_user
from signaltape import Settings
from sink import control
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi_updates import GROUP
from tests.support.desking import ADMIN, STRANGER, TRADER, VIEWER, Bot, bot_of
from tests.support.waiting import eventually

LATE = b"UPDATE desk_confirmations SET made_at = made_at - interval '2 h', expires_at = expires_at - interval '2 h'"
SENT_LATE = b"UPDATE outbox SET sent_at = sent_at - interval '2 h'"


@pytest.fixture
def bot(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    with bot_of(runner, connection, settings) as made:
        made.start()
        yield made


def is_paused(connection: Connection) -> bool:
    known = control.read(connection)
    return known is not None and known.paused


def test_a_panic_is_asked_about_once_answered_by_who_asked_and_pauses_everything(
    bot: Bot, connection: Connection
) -> None:
    asked = bot.server.say(TRADER, "/panic", chat=GROUP)
    assert bot.result(asked)[0] == "asked"
    assert "Pause every engine" in bot.answer(asked)
    yes, no = bot.buttons(asked)
    assert not is_paused(connection)
    message = bot.message_id(asked)

    other = bot.server.press(ADMIN, yes, message, chat=GROUP)
    assert bot.result(other) == ("ignored", "asked somebody else")
    forged = bot.server.press(TRADER, confirmation("A" * 16, yes=True), message, chat=GROUP)
    assert bot.result(forged) == ("ignored", "not one of our buttons")
    elsewhere = bot.server.press(TRADER, yes, message)
    assert bot.result(elsewhere) == ("ignored", "not one of our buttons")
    assert not is_paused(connection)

    pressed = bot.server.press(TRADER, yes, message, chat=GROUP)
    state, result = bot.result(pressed)
    assert state == "done", result
    assert result.startswith("paused; all 1 answered")
    assert is_paused(connection)
    assert bot.answer(pressed).startswith("⏸ Paused at ")
    assert eventually(lambda: "→ yes" in bot.server.chat.messages[message])
    assert bot.server.chat.keyboards[message] is None

    again = bot.server.press(TRADER, yes, message, chat=GROUP)
    assert bot.result(again) == ("ignored", "answered before")
    late_no = bot.server.press(TRADER, no, message, chat=GROUP)
    assert bot.result(late_no) == ("ignored", "answered before")
    assert len(bot.server.answered) == 6, "each phone stops waiting"


def test_a_no_does_nothing(bot: Bot, connection: Connection) -> None:
    asked = bot.server.say(ADMIN, "/panic")
    assert bot.result(asked)[0] == "asked"
    pressed = bot.server.press(ADMIN, bot.buttons(asked)[1], bot.message_id(asked))
    assert bot.result(pressed) == ("done", "no to panic")
    assert not is_paused(connection)


def test_an_answer_that_comes_too_late_is_asked_about_again(bot: Bot, connection: Connection) -> None:
    asked = bot.server.say(ADMIN, "/panic")
    bot.result(asked)
    message = bot.message_id(asked)
    connection.execute(LATE)
    connection.execute(SENT_LATE)
    pressed = bot.server.press(ADMIN, bot.buttons(asked)[0], message)
    assert bot.result(pressed)[0] == "asked"
    assert "(2 h 00 ago), answered too late: do it now?" in bot.answer(pressed)
    assert not is_paused(connection)
    now = bot.server.press(ADMIN, bot.buttons(pressed)[0], bot.message_id(pressed))
    assert bot.result(now)[0] == "done"
    assert is_paused(connection)


def test_a_panic_of_hours_ago_is_asked_about_with_its_age(bot: Bot, connection: Connection) -> None:
    asked = bot.server.say(TRADER, "/panic", ago_s=2 * 3600)
    assert bot.result(asked)[0] == "asked"
    assert bot.answer(asked).startswith("/panic from ")
    assert "(2 h 00 ago): do it now?" in bot.answer(asked)
    assert not is_paused(connection)
    pressed = bot.server.press(TRADER, bot.buttons(asked)[0], bot.message_id(asked))
    assert bot.result(pressed)[0] == "done", "that was the second step"
    assert is_paused(connection)


def test_risk_is_bounded_kept_and_audited(bot: Bot, connection: Connection) -> None:
    assert bot.ask(TRADER, "/risk") == "Base risk 1.0% of the equity per trade (cap 2.0%)"
    assert bot.ask(TRADER, "/risk 1.5") == "Base risk 1.0% → 1.5% of the equity per trade"
    for wrong in (
        "/risk 2.1",
        "/risk 0.09",
        "/risk -1",
        "/risk 1e0",
        "/risk nan",
        "/risk 1 2",
        "/risk " + "9" * 70,
    ):
        said = bot.ask(TRADER, wrong)
        assert said in (
            "/risk takes one number from 0.1 to 2.0, in percent of the equity",
            "too long: /risk [1.0]",
        )
    assert connection.execute("SELECT base_risk_pct::text, set_by FROM desk_risk").fetchall() == [
        ("1.5", "trader")
    ]
    old = bot.server.say(TRADER, "/risk 2.0", ago_s=600)
    assert bot.result(old) == ("asked", bot.answer(old))
    assert bot.answer(old).startswith("/risk 2.0 from ")


@pytest.mark.parametrize("words", ["/panic", "/resume", "/risk 1.5", "/snooze 30"])
def test_roles_say_who_may(bot: Bot, connection: Connection, words: str) -> None:
    assert bot.ask(VIEWER, words).endswith("is not one of your commands (viewer)")
    bot.server.say(STRANGER, words, chat=GROUP)
    bot.ask(VIEWER, "/help")
    assert bot.refused() == {"stranger": 1}
    assert connection.execute("SELECT count(*) FROM desk_updates").fetchone() == (2,)
    assert bot.ask(ADMIN, words) != ""


def test_what_is_not_a_persons_own_word_is_ignored(bot: Bot) -> None:
    said: list[dict[str, Any]] = [
        {"forward_origin": {"type": "user"}},
        {"sender_chat": {"id": GROUP}},
        {"via_bot": {"id": 5}},
        {"edit_date": 1},
    ]
    for more in said:
        bot.server.say(ADMIN, "/panic", chat=GROUP, **more)
    bot.server.say(ADMIN, "/panic@other_bot", chat=GROUP)
    bot.server.say(ADMIN, "good morning", chat=GROUP)
    bot.server.push({"update_id": bot.server.number(), "message": {"text": "/panic"}})
    bot.server.push({"update_id": bot.server.number(), "edited_message": {"text": "/panic"}})
    assert bot.ask(ADMIN, "/panic@Tape_Bot", chat=GROUP).startswith("⏸ Pause every engine")
    assert bot.refused() == {
        "forwarded": 1,
        "no person": 1,
        "through a bot": 1,
        "edited": 1,
        "to another bot": 1,
        "no command": 1,
        "not readable": 1,
        "other": 1,
    }


def test_who_may_in_one_chat_or_one_command_may_there_and_that_alone(bot: Bot, settings: Settings) -> None:
    now = datetime.now(UTC)
    add_user(settings, 201, "trader", now, chats=[f"{GROUP}/9"])
    add_user(settings, 202, "trader", now, commands=["risk"])
    topic = {"is_topic_message": True, "message_thread_id": 9}
    assert bot.ask(201, "/risk", chat=GROUP, **topic).startswith("Base risk")
    places: list[dict[str, Any]] = [{"chat": GROUP}, {}, {"chat": GROUP, **topic, "message_thread_id": 8}]
    for elsewhere in places:
        number = bot.server.say(201, "/risk", **elsewhere)
        assert bot.result(number) == ("ignored", "not in this chat")
        assert bot.answer(number) == ""
    assert bot.ask(202, "/risk").startswith("Base risk")
    assert bot.ask(202, "/panic") == "/panic is not one of your commands (trader)"
    remove_user(settings, 202)
    bot.server.say(202, "/risk")
    assert eventually(lambda: bot.refused() == {"stranger": 1})
