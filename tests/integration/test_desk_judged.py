"""Alerts as the whole desk sends them, what is pressed below them, and answers that refresh in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.contract.desk_records import OperatorAct
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi_updates import GROUP
from tests.support.desking import ADMIN, STRANGER, TRADER, VIEWER, Bot, bot_of
from tests.support.waiting import eventually

TOPIC = {"is_topic_message": True, "message_thread_id": 9}


@pytest.fixture
def bot(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    with bot_of(runner, connection, settings) as made:
        made.start(SIGNALTAPE_ALERT_CHATS=str(GROUP), SIGNALTAPE_ALERT_JSON="off")
        yield made


def alerted(bot: Bot, settings: Settings, title: str = "Worker is behind") -> tuple[str, int]:
    """An alert that stands in the group: its reference and its message."""
    with Emitter(settings) as tape:
        assert tape.alert(category="health", title=title, lines=["lag 40 s"], expiry_minutes=600)
    query = """
        SELECT ref_id, outbox.message_ids[1] FROM alerts JOIN alert_chats USING (ref_id) JOIN outbox USING (message_key)
        WHERE outbox.state = 'sent' AND alert->>'title' = %s
    """
    ref, message = eventually(lambda: bot.rows(query, title), 60)[0]
    return str(ref), int(message)


def labels(bot: Bot, message: int) -> list[str]:
    """The words on the buttons of a message."""
    keyboard = bot.server.chat.keyboards[message] or {"inline_keyboard": []}
    return [button["text"] for row in keyboard["inline_keyboard"] for button in row]


def test_an_alert_is_judged_by_traders_alone(bot: Bot, settings: Settings) -> None:
    ref, message = alerted(bot, settings)
    bot.server.press(STRANGER, f"a:{ref}:up", message, chat=GROUP)
    seen = bot.server.press(VIEWER, f"a:{ref}:up", message, chat=GROUP)
    assert bot.result(seen) == ("ignored", "not allowed")
    assert bot.answer(seen) == "Only traders judge alerts (viewer)"
    assert bot.rows("SELECT count(*) FROM feedback") == [(0,)]
    elsewhere = bot.server.press(TRADER, f"a:{ref}:up", message, chat=TRADER)
    assert bot.result(elsewhere) == ("ignored", "not one of our buttons")

    pressed = bot.server.press(TRADER, f"a:{ref}:up", message, chat=GROUP)
    assert bot.result(pressed) == ("done", f"up on {ref}")
    thumb = bot.server.react(TRADER, message, "👎", chat=GROUP)
    assert bot.result(thumb) == ("done", f"down on {ref}")
    assert bot.result(bot.server.react(VIEWER, message, "👍", chat=GROUP)) == ("ignored", "not allowed")
    kept = bot.rows("SELECT user_id, value, via FROM feedback ORDER BY id")
    assert kept == [(TRADER, "up", "button"), (TRADER, "down", "reaction")]
    assert len(bot.server.answered) == 3, "no phone of a stranger is told anything"


def test_what_is_pressed_shows_below_the_alert(bot: Bot, settings: Settings) -> None:
    ref, message = alerted(bot, settings)
    before = labels(bot, message)
    bot.result(bot.server.press(TRADER, f"a:{ref}:up", message, chat=GROUP))
    assert eventually(lambda: labels(bot, message) != before)


def test_a_button_of_an_alert_that_is_over_is_asked_about(
    bot: Bot, settings: Settings, connection: Connection
) -> None:
    ref, message = alerted(bot, settings)
    connection.execute("UPDATE alerts SET expires_at = now() - interval '125 min'")
    pressed = bot.server.press(TRADER, f"a:{ref}:dn", message, chat=GROUP)
    assert bot.result(pressed)[0] == "asked"
    assert bot.answer(pressed) == f"👎 on {ref}, which ended 2 h 05 ago: count it?"
    assert bot.rows("SELECT count(*) FROM feedback") == [(0,)]
    yes = bot.server.press(TRADER, bot.buttons(pressed)[0], bot.message_id(pressed), chat=GROUP)
    assert bot.result(yes) == ("done", f"down on {ref}")


def test_a_snooze_is_the_chats_and_the_categorys(bot: Bot, settings: Settings) -> None:
    ref, message = alerted(bot, settings)
    pressed = bot.server.press(TRADER, f"a:{ref}:sn30", message, chat=GROUP)
    assert bot.result(pressed)[1].startswith("No health alerts here until ")
    assert bot.rows("SELECT chat_id, category, by_user FROM snoozes") == [(str(GROUP), "health", "trader")]
    with Emitter(settings) as tape:
        assert tape.alert(category="health", title="Again", expiry_minutes=600)
    query = "SELECT decision, reason FROM alerts WHERE alert->>'title' = 'Again'"
    assert eventually(lambda: bot.rows(query)) == [("held", "snoozed")]
    assert "no health alerts until" in bot.ask(TRADER, "/snooze", chat=GROUP).lower()
    assert bot.ask(TRADER, "/snooze off", chat=GROUP) == "Alerts are heard here again"
    assert bot.rows("SELECT count(*) FROM snoozes") == [(0,)]
    assert bot.ask(TRADER, "/snooze 14:30 sniper", chat=GROUP).startswith(
        "No sniper alerts here until 14:30 WIB"
    )


def test_an_answer_is_refreshed_in_place_and_goes_where_it_was_asked(bot: Bot) -> None:
    asked = bot.server.say(VIEWER, "/processes", chat=GROUP, **TOPIC)
    bot.result(asked)
    assert bot.rows("SELECT thread_id FROM outbox WHERE message_key = %s", f"answer:{asked}") == [(9,)]
    message = bot.message_id(asked)
    pressed = bot.server.press(VIEWER, "p:processes:", message, chat=GROUP)
    assert bot.result(pressed) == ("done", "refreshed")
    edits = bot.rows("SELECT count(*) FROM outbox_edits WHERE message_key = %s", f"answer:{asked}")
    assert edits == [(1,)]
    assert bot.answer(pressed) == "", "no second message"


def test_every_act_stands_in_the_audit(bot: Bot, redis_client: Any, key: str) -> None:
    number = bot.server.say(TRADER, "/risk 1.5", chat=GROUP)
    bot.result(number)
    bot.result(bot.server.say(TRADER, "/risk", chat=GROUP))
    bot.result(bot.server.say(TRADER, "/risk 99", chat=GROUP))

    def acts() -> list[Any]:
        entries = redis_client.xrange(key)
        return [fields[b"data"] for _, fields in entries if fields[b"event"] == OperatorAct.EVENT.encode()]

    assert eventually(lambda: len(acts()) == 2)
    changed, refused = acts()
    for words in (b'"act":"risk"', b'"userId":102', b'"by":"trader"', b'"before":"1.0%"', b'"after":"1.5%"'):
        assert words in changed
    assert b'"result":"failed: /risk takes one number' in refused


def test_menus_are_shown_by_role_and_to_nobody_else(bot: Bot) -> None:
    menus = bot.server.menus
    assert eventually(lambda: len(menus) == 4)
    shown = {
        one["scope"].get("chat_id"): [it["command"] for it in one["commands"]]
        for one in menus
        if "scope" in one
    }
    assert shown.pop(None) == []
    assert set(shown) == {ADMIN, TRADER, VIEWER}
    assert "panic" in shown[TRADER]
    assert "panic" not in shown[VIEWER]
    assert "status" in shown[VIEWER]
