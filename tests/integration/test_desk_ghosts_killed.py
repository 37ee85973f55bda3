"""A desk that is killed at the worst moment asks a ghost once, and tells of each thing once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.alerting import plan, publish
from tests.integration.conftest import Runner
from tests.support.desking import TRADER, Bot, bot_of
from tests.support.ghosting import START, Ghost, Tape, told
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

STANDS = """
    SELECT ref_id, outbox.message_ids[1] FROM alert_chats JOIN outbox USING (message_key) WHERE outbox.state = 'sent'
"""
LINES, KILLS = 40, 4
RUNG = "SELECT body FROM outbox WHERE message_key LIKE 'ghost:%%' ORDER BY id"
ALERTS = {
    "SIGNALTAPE_ALERT_CHATS": str(TRADER),
    "SIGNALTAPE_ALERT_JSON": "off",
    "SIGNALTAPE_ALERT_BUDGETS": "off",
    "SIGNALTAPE_EQUITY_USD": "10000",
}


@pytest.fixture
def bot(
    runner: Runner, connection: Connection, settings: Settings, redis_client: Any, key: str
) -> Iterator[Bot]:
    """A desk that has sent the alert of a plan."""
    publish(redis_client, key, plan(tp2=230, confidence=0.72))
    with bot_of(runner, connection, settings) as made:
        made.start(**ALERTS)
        yield made


def alert(bot: Bot) -> tuple[str, int]:
    """The reference and the message of the alert."""
    ref, message = eventually(lambda: bot.rows(STANDS), 60)[0]
    return str(ref), int(message)


def asked(bot: Bot, word: str) -> tuple[str, int]:
    """The yes of a question that was asked, and its message."""
    ref, message = alert(bot)
    number = bot.server.press(TRADER, f"a:{ref}:{word}", message, chat=TRADER)
    assert bot.result(number)[0] == "asked"
    return bot.buttons(number)[0], bot.message_id(number)


@pytest.mark.parametrize("place", ["before_done", "before_commit", "after_commit", "emitted"])
def test_each_press_is_one_command(
    bot: Bot, settings: Settings, connection: Connection, redis_client: Any, place: str
) -> None:
    yes, message = asked(bot, "lines")
    bot.kill()
    desk = bot.start(**ALERTS, SIGNALTAPE_FAILPOINTS=f"desk.{place}=kill@1")
    number = bot.server.press(TRADER, yes, message, chat=TRADER)
    assert desk.finish(60)[0] != 0
    release(connection)
    bot.start(**ALERTS)
    assert bot.result(number)[0] == "done"
    assert bot.answer(number).startswith("4 lines are set: SOL LONG")
    assert bot.rows("SELECT count(*), count(DISTINCT id) FROM desk_ghosts") == [(4, 4)]
    eventually(lambda: bot.rows("SELECT count(*) FROM tape_records") == [(0,)])
    found = eventually(lambda: _all(told(redis_client, settings, "order_command"), 4))
    assert {one["lineId"] for one in found} == {row[0] for row in bot.rows("SELECT id FROM desk_ghosts")}
    eventually(lambda: labels(bot, alert(bot)[1])[-3:] == ["Set Entry", "Lines ✓", "Cancel"])


@pytest.mark.parametrize("place", ["before_commit", "after_commit"])
def test_each_ring_is_one_message(
    bot: Bot, settings: Settings, connection: Connection, redis_client: Any, place: str
) -> None:
    yes, message = asked(bot, "lines")
    assert bot.result(bot.server.press(TRADER, yes, message, chat=TRADER))[0] == "done"
    eventually(lambda: _all(told(redis_client, settings, "order_command"), 4))
    eventually(lambda: "Lines ✓" in labels(bot, alert(bot)[1]))
    bot.kill()
    end = datetime.now(UTC) + timedelta(minutes=2)
    tape = Tape(redis_client, settings.stream)
    tape.bar((end - START).total_seconds(), ("224", "226.4", "224", "226"))
    Ghost(settings, connection, which="clicked").run()
    desk = bot.begin(**ALERTS, SIGNALTAPE_FAILPOINTS=f"desk.{place}=kill@1")
    assert desk.finish(60)[0] != 0
    connection.execute(
        "UPDATE outbox SET leased_until = now() WHERE leased_until > now()"
    )  # of the dead sender
    bot.start(**ALERTS)
    assert eventually(lambda: rings(bot), 60) == ["🔔 TP1 ≥ 226.3 · SOL LONG"]
    told_of = "SELECT state FROM outbox WHERE message_key LIKE 'ghost:%%'"
    assert eventually(lambda: bot.rows(told_of) == [("sent",)])
    assert len(rings(bot)) == 1


def release(connection: Connection) -> None:
    """What a dead sender had in hand need not wait until it would be known to be dead."""
    for table in (b"outbox", b"outbox_edits"):
        connection.execute(b"UPDATE " + table + b" SET leased_until = now() WHERE leased_until > now()")


def labels(bot: Bot, message: int) -> list[str]:
    """The words on the buttons of a message."""
    keyboard = bot.server.chat.keyboards[message] or {"inline_keyboard": []}
    return [button["text"] for row in keyboard["inline_keyboard"] for button in row]


def rings(bot: Bot) -> list[str]:
    """The first lines of what rang in the chat, but for what says that it may repeat what a dying desk sent."""
    said = [text for text in bot.server.chat.messages.values() if text.startswith("🔔")]
    return [text.partition("\n")[0] for text in said if "may repeat" not in text]


def test_killed_again_and_again_each_line_is_set_once_and_rings_once(
    bot: Bot, settings: Settings, connection: Connection, redis_client: Any
) -> None:
    """Whenever it is killed: amid commands, and amid what there is to tell."""
    alert(bot)
    connection.execute("INSERT INTO ghost_symbols VALUES ('SOL-USDT-SWAP', NULL, 1)")
    numbers = [bot.server.say(TRADER, f"/lines SOL above {price}") for price in range(300, 300 + LINES)]
    for killed in range(1, KILLS + 1):
        eventually(partial(_so_many, bot, "desk_ghosts", killed * LINES // (KILLS + 1)), 60)
        bot.kill()
        bot.begin(**ALERTS)
    assert {bot.result(number)[0] for number in numbers} == {"done"}
    found = eventually(lambda: _all(told(redis_client, settings, "order_command"), LINES), 60)
    assert sorted(one["price"] for one in found) == list(range(300, 300 + LINES))
    assert {one["lineId"] for one in found} == {row[0] for row in bot.rows("SELECT id FROM desk_ghosts")}

    bot.kill()
    end = (datetime.now(UTC) + timedelta(minutes=2) - START).total_seconds()
    tape = Tape(redis_client, settings.stream)
    for place in range(LINES):
        tape.bar(end + place, (f"{300 + place}",) * 4, interval="1s")
    Ghost(settings, connection, which="clicked").run()
    for killed in range(1, KILLS + 1):
        bot.begin(**ALERTS)
        eventually(partial(_so_many, bot, "outbox WHERE message_key LIKE 'ghost:%%'", killed), 60)
        bot.kill()
    bot.begin(**ALERTS)
    ended = "SELECT count(*), count(DISTINCT id) FROM desk_ghosts WHERE became = 'rung'"
    assert eventually(lambda: bot.rows(ended) == [(LINES, LINES)], 60)
    heads = [row[0].partition("\n")[0] for row in bot.rows(RUNG)]
    assert heads == [f"🔔 ≥ {price} · SOL" for price in range(300, 300 + LINES)], "each once, in their order"


def _so_many(bot: Bot, table: str, n: int) -> bool:
    return bool(bot.rows(f"SELECT count(*) FROM {table}")[0][0] >= n)


def _all(found: list[dict[str, Any]], n: int) -> list[dict[str, Any]]:
    assert len(found) <= n
    return found if len(found) == n else []
