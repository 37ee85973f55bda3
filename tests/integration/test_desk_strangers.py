"""Whoever has no role leads to nothing, and whatever is made up neither: no act, no crash, no growth."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from desk.router import all_commands
from signaltape import Settings
from sink import control
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import GROUP
from tests.support.desking import ADMIN, STRANGER, TRADER, VIEWER, Bot, bot_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

SEED = 4711
STRANGERS = 10_000
_ACTED = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM desk_confirmations) + (SELECT count(*) FROM feedback)
     + (SELECT count(*) FROM snoozes) + (SELECT count(*) FROM desk_risk) + (SELECT count(*) FROM control_state)
"""
_NONSENSE = [
    "",
    "💥" * 20,
    "-1",
    "1e400",
    "NaN",
    "'; DROP TABLE outbox; --",
    "../../etc/passwd",
    "\0\x1b[31m",
    "\ud800",
]


def is_paused(connection: Connection) -> bool:
    known = control.read(connection)
    return known is not None and known.paused


def memory_kb(bot: Bot) -> int:
    assert bot.desk is not None
    status = Path(f"/proc/{bot.desk.popen.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def stranger(bot: Bot, chance: random.Random) -> None:
    """Something of somebody without a role."""
    user = STRANGER + chance.randrange(10_000)
    chat = chance.choice([None, GROUP])
    kind = chance.randrange(4)
    if kind == 0:
        bot.server.press(
            user, chance.choice(["c:AAAAAAAAAAAAAAAA:yes", "a:ib_1:up", "p:panic:"]), 100, chat=chat
        )
    elif kind == 1:
        bot.server.react(user, 100, "👍", chat=chat or GROUP)
    else:
        bot.server.say(user, chance.choice(["/panic", "/risk 2", "/start", "hello " * 100]), chat=chat)


def test_ten_thousand_updates_of_strangers_do_nothing_and_leave_a_few_counts(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    chance = random.Random(SEED)
    with bot_of(runner, connection, settings) as bot:
        bot.start()
        bot.ask(VIEWER, "/risk 1")
        before_kb, acted = memory_kb(bot), bot.rows(_ACTED)
        for _ in range(STRANGERS):
            stranger(bot, chance)
        assert eventually(lambda: bot.server.unconfirmed == 0, 180)
        counted = bot.refused()
        assert sum(counted.values()) == STRANGERS
        assert set(counted) <= {"stranger", "no command"}
        assert bot.rows("SELECT count(*) FROM desk_updates") == [(1,)]
        assert bot.rows("SELECT count(*) FROM desk_refused")[0][0] <= 4, "a row a day and reason"
        assert bot.rows(_ACTED) == acted
        assert memory_kb(bot) - before_kb < 20_000
        assert bot.ask(VIEWER, "/risk 1") != ""


def test_made_up_buttons_lead_nowhere(runner: Runner, connection: Connection, settings: Settings) -> None:
    chance = random.Random(SEED)
    with bot_of(runner, connection, settings) as bot:
        bot.start()
        bot.ask(VIEWER, "/risk 1")
        acted = bot.rows(_ACTED)
        made_up = [
            *(
                "c:AAAAAAAAAAAAAAAA:yes",
                "c::yes",
                "c:x:maybe",
                "a:ib_20250915_0733_BTC:up",
                "a:" + "x" * 60 + ":up",
            ),
            *(
                "p:panic:",
                "p:resume:",
                "p:risk:2.0",
                "p:nothing:",
                "p:status:",
                "a:../../x:took",
                "z:1:2",
                ":",
                "",
            ),
            *("".join(chr(chance.randrange(1, 0x2FFF)) for _ in range(20)) for _ in range(200)),
            *("'; DROP TABLE outbox; --", "\0", "c:\0:yes", "x" * 100_000),
        ]
        for data in made_up:
            bot.server.press(ADMIN, data, 100)
        assert eventually(lambda: bot.server.unconfirmed == 0, 60)
        assert eventually(
            lambda: bot.rows("SELECT count(*) FROM desk_updates WHERE state = 'waiting'") == [(0,)]
        )
        states = dict(bot.rows("SELECT state, count(*) FROM desk_updates GROUP BY 1"))
        assert set(states) == {"ignored"}
        assert states["ignored"] > 200
        assert bot.rows(_ACTED) == acted


def test_nonsense_behind_every_command_is_answered_by_a_line_and_does_nothing(
    runner: Runner, connection: Connection, settings: Settings
) -> None:
    with bot_of(runner, connection, settings) as bot:
        desk = bot.start()
        numbers = [
            bot.server.say(TRADER, f"/{name} {nonsense}".rstrip(" "))
            for name in [*all_commands(), "nothing", "PANIC", "a" * 200, "ü"]
            for nonsense in _NONSENSE
        ]
        assert eventually(lambda: bot.server.unconfirmed == 0, 60)
        assert eventually(
            lambda: bot.rows("SELECT count(*) FROM desk_updates WHERE state = 'waiting'") == [(0,)], 120
        )
        assert len(numbers) > 100
        assert not is_paused(connection)
        assert bot.rows("SELECT count(*) FROM desk_risk") == [(0,)]
        assert bot.rows("SELECT count(*) FROM snoozes") == [(0,)]
        assert bot.rows("SELECT max(length(update::text)) < 6000 FROM desk_updates") == [(True,)]
        assert bot.rows("SELECT count(*) FROM desk_updates WHERE result LIKE 'a defect%%'") == [(0,)]
        assert bot.rows("SELECT body FROM outbox WHERE body LIKE '%%a defect%%'") == []
        desk.popen.terminate()
        code, _, said = desk.finish()
        assert code == 0
        assert "Traceback" not in said
        assert TOKEN not in said
