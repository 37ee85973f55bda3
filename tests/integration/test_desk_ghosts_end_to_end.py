"""From a press in Telegram to a ghost and back: the processes themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.alerting import plan, publish
from tests.integration.conftest import Runner
from tests.integration.test_desk_ghosts_killed import ALERTS, alert, labels
from tests.support.desking import TRADER, Bot, bot_of
from tests.support.ghosting import START, Tape
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

ENDED = "SELECT status FROM ghost_orders WHERE source = 'clicked'"


def test_an_entry_is_placed_filled_and_told_and_lines_ring(
    runner: Runner, connection: Connection, settings: Settings, redis_client: Any, key: str
) -> None:
    publish(redis_client, key, plan(tp2=230, confidence=0.72))
    with bot_of(runner, connection, settings) as bot:
        bot.start(**ALERTS)
        ghost = runner.start("ghost")
        ref, message = alert(bot)
        for word in ("entry", "lines"):
            _say_yes(bot, ref, message, word)
        eventually(lambda: labels(bot, message)[-3:] == ["Entry ✓", "Lines ✓", "Cancel"], 60)
        eventually(lambda: bot.rows("SELECT count(*) FROM ghost_lines") == [(4,)], 60)
        tape, now = Tape(redis_client, settings.stream), (datetime.now(UTC) - START).total_seconds()
        tape.bar(now + 120, ("223", "223", "222", "222.5"))
        tape.bar(now + 180, ("222.5", "231", "222.5", "230.5"))
        said = eventually(lambda: _told(bot) if len(_told(bot)) == 6 else [], 60)
        assert sorted(said) == [
            "👻 Filled 222.1 · SOL LONG",
            "👻 TP1 · SOL LONG",
            "👻 Target +2.75 R · SOL LONG",
            "🔔 Entry ≤ 222.1 · SOL LONG",
            "🔔 TP1 ≥ 226.3 · SOL LONG",
            "🔔 TP2 ≥ 230 · SOL LONG",
        ]
        assert bot.rows(ENDED) == [("closed",)]
        assert bot.ask(TRADER, "/ghosts").startswith("Ghosts · 0 open, 0 waiting")
        cancel = bot.server.press(TRADER, f"a:{ref}:cancel", message, chat=TRADER)
        assert bot.result(cancel)[0] == "done"
        assert bot.answer(cancel) == "1 line is taken off"
        ghost.end()


def _say_yes(bot: Bot, ref: str, message: int, word: str) -> None:
    asked = bot.server.press(TRADER, f"a:{ref}:{word}", message, chat=TRADER)
    assert bot.result(asked)[0] == "asked"
    yes = bot.server.press(TRADER, bot.buttons(asked)[0], bot.message_id(asked), chat=TRADER)
    assert bot.result(yes)[0] == "done"


def _told(bot: Bot) -> list[str]:
    texts = bot.server.chat.messages.values()
    return [one.replace("\u00a0", " ").partition("\n")[0] for one in texts if one[0] in "👻🔔"]
