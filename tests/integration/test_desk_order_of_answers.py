"""What a button may refresh, and a time that passed on the way."""

from __future__ import annotations

from datetime import timedelta

from signaltape import Settings
from signaltape.clock import WIB
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi_updates import GROUP
from tests.support.desking import TRADER, VIEWER, bot_of
from tests.support.stepping import stepped


def test_a_made_up_button_overwrites_no_question_of_somebody_else(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    with bot_of(runner, connection, settings) as bot:
        bot.start()
        asked = bot.server.say(TRADER, "/panic", chat=GROUP)
        bot.result(asked)
        pressed = bot.server.press(VIEWER, "p:help:", bot.message_id(asked), chat=GROUP)
        assert bot.result(pressed) == ("ignored", "not one of our buttons")
        shown = bot.server.say(VIEWER, "/help", chat=GROUP)
        bot.result(shown)
        pressed = bot.server.press(VIEWER, "p:help:", bot.message_id(shown), chat=GROUP)
        assert bot.result(pressed) == ("done", "refreshed")


def test_a_snooze_to_a_time_that_passed_on_the_way_lasts_no_day(
    settings: Settings, connection: Connection
) -> None:
    with stepped(settings, connection) as desk:
        sent_at = (desk.now.astimezone(WIB) + timedelta(days=1)).replace(hour=14, minute=29, second=45)
        desk.now = sent_at
        number = desk.say(TRADER, "/snooze 14:30")
        desk.now += timedelta(seconds=30)
        desk.act()
        assert connection.execute("SELECT until FROM snoozes").fetchall() == []
        assert desk.answer(number) == "14:30 WIB is over by now: alerts are heard here"
