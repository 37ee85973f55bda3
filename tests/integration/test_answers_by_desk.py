"""The desk itself answers what is asked, sends it, and edits the answer in place where a button asks again."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from desk.answers import ANSWERS
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import add, drain
from tests.support.asking import a_day
from tests.support.desking import VIEWER, Bot, bot_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep


@pytest.fixture
def bot(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    with bot_of(runner, connection, settings) as made:
        made.start()
        yield made


@pytest.fixture
def today(settings: Settings, redis_client: Any, key: str) -> None:
    for name, fields in a_day(utc_now()):
        add(redis_client, key, name, fields)
    drain(settings, key)


def test_every_command_that_reads_is_answered_and_sent(bot: Bot, today: None) -> None:
    for one in ANSWERS:
        asked = bot.server.say(VIEWER, f"/{one.name}{' SOL' if one.name in ('alpha', 'sniper') else ''}")
        assert bot.result(asked) == ("done", "answered")
        text = bot.server.chat.messages[bot.message_id(asked)]
        assert text == bot.answer(asked)
        assert "not now" not in text


def test_a_button_asks_again_in_place(bot: Bot, today: None) -> None:
    asked = bot.server.say(VIEWER, "/alpha")
    bot.result(asked)
    message = bot.message_id(asked)

    def stands(head: str) -> bool:
        return bot.server.chat.messages[message].startswith(head)

    assert "3 symbols in 24 h" in bot.server.chat.messages[message]
    for data, head in (("p:alpha:SOL-USDT-SWAP", "Alpha SOL"), ("p:sniper:SOL-USDT-SWAP", "Sniper SOL")):
        assert bot.result(bot.server.press(VIEWER, data, message))[0] == "done"
        assert eventually(partial(stands, head))
        heads = [text.split()[0] for text in bot.server.chat.messages.values()]
        assert sum(one in ("Alpha", "Sniper") for one in heads) == 1, "it is edited, and no other is sent"


def test_nonsense_is_answered_by_an_example(bot: Bot) -> None:
    assert bot.ask(VIEWER, "/week 99") == "a week is its year and number, such as /week 2022-W03"
    assert bot.ask(VIEWER, "/sniper") == "say which symbol, such as /sniper SOL"
