"""Servers that are away: the desk stays, says so, and goes on by itself; nothing that was said to it is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.embedded.servers import Urls
from signaltape import Settings
from sink import control
from sink.db import Connection
from tests.integration.conftest import Runner, own_valkey
from tests.support.botapi import TOKEN
from tests.support.desking import ADMIN, TRADER, VIEWER, Bot, bot_of
from tests.support.waiting import eventually

_CUT_OFF = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'signaltape%%'
"""


@pytest.fixture
def bot(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    with bot_of(runner, connection, settings) as made:
        yield made


def ended(bot: Bot) -> str:
    """End the desk by SIGTERM: what it has logged."""
    assert bot.desk is not None
    bot.desk.popen.terminate()
    code, _, said = bot.desk.finish(20)
    assert code == 0, said
    assert "Traceback" not in said
    assert TOKEN not in said
    assert TOKEN.partition(":")[2] not in said
    return said


def test_a_webhook_that_was_set_before_is_taken_back(bot: Bot) -> None:
    bot.server.webhook = {"url": "https://example.org/old"}
    bot.start()
    assert bot.ask(VIEWER, "/risk 1") != ""
    assert not bot.server.webhook.get("url")


@pytest.mark.parametrize("fault", ["500", "closed", "nonsense", "429", "hang"])
def test_telegram_may_fail_as_it_likes(bot: Bot, fault: str) -> None:
    bot.server.faults.extend(["ok", fault])
    bot.start()
    first = bot.server.say(VIEWER, "/risk 1")
    bot.result(first)
    if fault == "hang":  # a poll without an answer ends with the desk, which asks again
        eventually(lambda: bot.server.polls >= 2, 60)
        bot.kill()
        bot.start()
    assert bot.ask(VIEWER, "/risk 2") != ""
    ended(bot)


def test_a_call_that_has_no_answer_holds_up_no_other_chat(bot: Bot) -> None:
    bot.start()
    bot.server.chat.faults.append("timeout before")
    hanging = bot.server.say(VIEWER, "/risk")
    eventually(lambda: bot.server.chat.calls)
    bot.message_id(bot.server.say(ADMIN, "/risk"))
    states = bot.rows("SELECT state FROM outbox WHERE message_key = %s", f"answer:{hanging}")
    assert states == [("sending",)]


def test_of_two_desks_one_waits_and_says_so_and_each_update_is_done_once(
    bot: Bot, connection: Connection, runner: Runner
) -> None:
    first = bot.start()
    second = bot.start()
    eventually(lambda: bot.server.conflicts >= 2, 60)
    numbers = [bot.server.say(TRADER, f"/risk 1.{place:02d}") for place in range(20)]
    for number in numbers:
        bot.result(number)
    chain = [row[0] for row in bot.rows("SELECT result FROM desk_updates ORDER BY update_id")]
    values = ["1.0%", *(f"1.{place:02d}%" for place in range(20))]
    assert chain == [f"{before} → {after}" for before, after in pairwise(values)]
    said = ""
    for desk in (first, second):
        desk.popen.terminate()
        code, _, errors = desk.finish(20)
        assert code == 0
        said += errors
    assert "another process asks Telegram for this bot's updates" in said


def test_a_session_that_is_cut_off_is_made_anew(bot: Bot, connection: Connection) -> None:
    bot.start()
    bot.ask(VIEWER, "/risk 1")
    assert connection.execute(_CUT_OFF).fetchone() != (0,)
    assert bot.ask(TRADER, "/risk 1.5").endswith("1.5% of the equity per trade")
    ended(bot)


def test_while_postgres_is_away_updates_wait_at_telegram(
    bot: Bot, connection: Connection, servers: Urls
) -> None:
    bot.start()
    bot.ask(VIEWER, "/risk 1")
    name = connection.info.dbname
    with psycopg.connect(servers.database, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(_CUT_OFF)
        number = bot.server.say(TRADER, "/risk 1.5")
        polls = bot.server.polls
        eventually(lambda: bot.server.polls >= polls + 2, 60)
        assert bot.server.unconfirmed == 1, "it is not confirmed before it is stored"
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert bot.result(number, 60)[1] == "1.0% → 1.5%"
    eventually(lambda: bot.server.unconfirmed == 0)
    assert "Postgres is away" in ended(bot)


def test_a_panic_without_redis_is_kept_and_told_as_soon_as_it_is_back(
    bot: Bot, connection: Connection, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        bot.start(REDIS_URL=valkey.url)
        asked = bot.server.say(TRADER, "/panic")
        bot.result(asked)
        valkey.stop()
        pressed = bot.server.press(TRADER, bot.buttons(asked)[0], bot.message_id(asked))
        assert bot.result(pressed)[1] == "paused; Redis is away, nobody has heard it yet"
        assert "all are told as soon as Redis is back" in bot.answer(pressed)
        known = control.read(connection)
        assert known is not None
        assert known.paused
        valkey.start()
        assert eventually(lambda: _state(valkey.url) == b"paused", 60)


def _state(url: str) -> Any:
    import redis

    client = redis.Redis.from_url(url, protocol=2)
    try:
        keys: Any = client.keys("*:control")
        return client.hget(keys[0], "state") if keys else None
    except redis.RedisError:
        return None
    finally:
        client.close()


def test_sigterm_ends_it_in_time_though_nothing_answers(bot: Bot, connection: Connection) -> None:
    desk = bot.start()
    bot.ask(ADMIN, "/risk 1")
    with connection.transaction():
        connection.execute("LOCK TABLE desk_updates, outbox")
        bot.server.say(ADMIN, "/risk 1.1")
        desk.popen.terminate()
        assert desk.finish(25)[0] == 0
    bot.start()
    assert eventually(lambda: bot.rows("SELECT base_risk_pct::text FROM desk_risk") == [("1.1",)], 60)


def test_a_webhook_that_could_not_be_ended_at_the_start_is_ended_later(bot: Bot) -> None:
    bot.server.webhook = {"url": "https://example.org/before"}
    bot.server.hook_faults.extend(["500"])
    bot.start()
    assert bot.ask(TRADER, "/risk 1.5").startswith("Base risk 1.0% → 1.5%")
