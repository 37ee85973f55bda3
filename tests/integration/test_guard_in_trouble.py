"""A guard as a process: its servers go away, it is killed, another one stands by; it tells everything once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from guard.operations import snooze, unsnooze
from signaltape import Settings
from signaltape.clock import utc_now
from signaltape.errors import InvalidRequest, NotFound
from sink.db import Connection
from tests.integration.conftest import Process, Runner, own_valkey
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server
from tests.support.guarding import SLOW, Measures
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

#: Beside an endpoint, servers that are away.
AWAY = f"""{SLOW}
[rule.redis-away]
kind = "check"
category = "health"
figure = "redis_away"
unit = "s"
alert_above = 0.3
resolve_after = "1s"
what = "Redis is away"
costs = "Nothing comes in."
do = "Start it."
runbook = "redis-full"
[rule.postgres-away]
kind = "check"
category = "health"
figure = "postgres_away"
unit = "s"
alert_above = 0.01
resolve_after = "1s"
what = "Postgres was away"
costs = "Nothing was told."
do = "Look at its log."
runbook = "postgres-down"
"""
SESSIONS = (
    "pid FROM pg_stat_activity WHERE application_name = 'signaltape-guard' AND datname = current_database()"
)
MINE = "FROM outbox WHERE starts_with(message_key, 'guard:')"


@pytest.fixture
def bot() -> Iterator[UpdatesServer]:
    with updates_server() as server:
        yield server


class Started:
    """Guards with the same settings."""

    def __init__(self, runner: Runner, bot: UpdatesServer, rules: Path, connection: Connection) -> None:
        self._runner, self._bot, self._rules, self._connection = runner, bot, rules, connection

    def start(self, **more: str) -> Process:
        return self._runner.start(
            "guard",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_CHAT_ID="101",
            TELEGRAM_API_BASE=self._bot.base,
            SIGNALTAPE_GUARD_RULES=str(self._rules),
            SIGNALTAPE_GUARD_EVERY_S="0.2",
            **more,
        )

    def states(self, rule: str = "rest-p95") -> list[str]:
        """Of alerts of a rule, the oldest first."""
        query = "SELECT state FROM guard_alerts WHERE rule = %s ORDER BY since"
        return [state for (state,) in self._connection.execute(query, (rule,)).fetchall()]

    def told(self, word: str) -> int:
        """How many messages with a word stand in their chat."""
        query = f"SELECT count(*) {MINE} AND state = 'sent' AND body LIKE %s"
        row = self._connection.execute(query, (f"%{word}%",)).fetchone()
        return int(row[0]) if row else 0


@pytest.fixture
def guards(runner: Runner, bot: UpdatesServer, connection: Connection, tmp_path: Path) -> Started:
    rules = tmp_path / "rules.toml"
    rules.write_text(AWAY)
    return Started(runner, bot, rules, connection)


def end(process: Process) -> str:
    """In the ordinary way; its log."""
    process.popen.send_signal(signal.SIGTERM)
    code, _, log = process.finish(25)
    assert code == 0, log
    return log


def test_it_is_told_in_the_chat_and_told_again_when_it_is_over(
    guards: Started, redis_client: Any, settings: Settings
) -> None:
    measures = Measures(redis_client, settings.stream)
    process = guards.start()
    measures.put(900, 900)
    eventually(lambda: guards.told("An endpoint is slow") == 1)
    measures.put(*[10] * 1000)
    eventually(lambda: guards.told("Over") == 1)
    assert guards.states() == ["resolved"]
    end(process)


def test_a_session_that_postgres_ends_is_begun_anew_and_that_is_told(
    guards: Started, connection: Connection, redis_client: Any, settings: Settings
) -> None:
    process = guards.start()
    eventually(lambda: connection.execute(f"SELECT {SESSIONS}").fetchall())
    eventually(lambda: connection.execute(f"SELECT pg_terminate_backend(pid), {SESSIONS}").fetchall())
    eventually(lambda: guards.states("postgres-away") == ["resolved"], 90)
    Measures(redis_client, settings.stream).put(900)
    eventually(lambda: guards.states() == ["firing"])
    end(process)


def test_redis_that_is_away_is_told_and_what_comes_after_counts(
    runner: Runner, guards: Started, settings: Settings, connection: Connection, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        process = guards.start(REDIS_URL=valkey.url)
        eventually(lambda: connection.execute("SELECT FROM guard_state").fetchall())
        valkey.stop()
        eventually(lambda: guards.told("Redis is away") == 1)
        valkey.start()
        with redis.Redis.from_url(valkey.url) as client:
            client.flushall()
            Measures(client, settings.stream).put(900)
            eventually(lambda: guards.states() == ["firing"])
            eventually(lambda: guards.states("redis-away") == ["resolved"])
            client.flushall()
            Measures(client, settings.stream).put(*[10] * 1000)
            eventually(lambda: guards.states() == ["resolved"])
        end(process)


def test_a_second_guard_stands_by_and_goes_on(
    guards: Started, redis_client: Any, settings: Settings, connection: Connection
) -> None:
    first = guards.start()
    Measures(redis_client, settings.stream).put(900)
    eventually(lambda: guards.states() == ["firing"])
    second = guards.start()
    eventually(lambda: len(connection.execute(f"SELECT {SESSIONS}").fetchall()) == 2)
    first.popen.kill()
    Measures(redis_client, settings.stream).put(*[10] * 1000)
    eventually(lambda: guards.states() == ["resolved"])
    assert "standing by" in end(second)


@pytest.mark.parametrize(
    "point",
    ["guard.before_commit", "guard.after_commit", "guard.before_told", "guard.after_told", "guard.emitted"],
)
def test_killed_anywhere_it_counts_and_tells_once(
    guards: Started, connection: Connection, redis_client: Any, settings: Settings, point: str
) -> None:
    Measures(redis_client, settings.stream).put(900, 900)
    killed = guards.start(SIGNALTAPE_FAILPOINTS=f"{point}=kill@1")
    assert killed.popen.wait(40) == -signal.SIGKILL
    process = guards.start()
    eventually(lambda: guards.told("An endpoint is slow") == 1)
    ids = partial(redis_ids, redis_client, settings)
    eventually(lambda: len(ids()) == 1)
    end(process)
    assert connection.execute("SELECT n, sum FROM guard_minutes").fetchall() == [(2, 1800.0)]
    assert connection.execute(f"SELECT count(*) {MINE}").fetchone() == (1,)
    assert len(ids()) == 1


def redis_ids(client: Any, settings: Settings) -> set[bytes]:
    """What the tape says was decided: each decision once, however often it was said."""
    entries = client.xrange(f"{settings.stream}:{{0}}")
    return {fields[b"data"] for _, fields in entries if fields[b"event"] == b"system_alert"}


def test_what_is_snoozed_is_kept_and_told_when_that_ends(
    guards: Started, redis_client: Any, settings: Settings, connection: Connection
) -> None:
    now = utc_now()
    with pytest.raises(InvalidRequest, match="within the next 30 days"):
        snooze(settings, "performance", now, "ani", now)
    snooze(settings, "performance", now + timedelta(hours=1), "ani", now)
    process = guards.start()
    Measures(redis_client, settings.stream).put(900)
    eventually(lambda: guards.states() == ["firing"])
    assert connection.execute(f"SELECT count(*) {MINE}").fetchone() == (0,)
    unsnooze(settings, "performance", utc_now())
    eventually(lambda: guards.told("An endpoint is slow") == 1)
    with pytest.raises(NotFound, match="performance is not snoozed"):
        unsnooze(settings, "performance", utc_now())
    end(process)


def test_rules_that_are_wrong_end_it_with_one_line(guards: Started, runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(SLOW.replace("target = 450", "target = 'x'"))
    code, _, log = runner.run("guard", SIGNALTAPE_GUARD_RULES=str(tmp_path / "bad.toml"))
    assert (code, log.count("\n")) == (2, 1) or "target" in log
    assert "rest-p95" in log


def test_it_ends_in_time_though_redis_does_not_answer(
    guards: Started, connection: Connection, tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        at_work = guards.start(REDIS_URL=valkey.url)
        eventually(lambda: connection.execute("SELECT FROM guard_state").fetchall())
        os.kill(valkey.pid, signal.SIGSTOP)
        try:
            begun_meanwhile = guards.start(REDIS_URL=valkey.url)
            eventually(lambda: len(connection.execute(f"SELECT {SESSIONS}").fetchall()) == 2)
            end(at_work)
            end(begun_meanwhile)
        finally:
            os.kill(valkey.pid, signal.SIGCONT)


def test_it_ends_in_time_though_postgres_does_not_answer(guards: Started, connection: Connection) -> None:
    """It waits for a table that somebody holds: what it was about is undone."""
    process = guards.start()
    eventually(lambda: connection.execute("SELECT FROM guard_state").fetchall())
    with connection.transaction():
        connection.execute("LOCK TABLE guard_state")
        eventually(lambda: connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())
        end(process)
