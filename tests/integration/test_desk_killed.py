"""A desk that is killed again and again acts on each command and press once, in order; what waits is done after it."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Settings
from signaltape.contract.desk_records import OperatorAct
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.botapi_updates import Updates
from tests.support.desking import ADMIN, TRADER, Bot, bot_of
from tests.support.waiting import eventually

pytestmark = pytest.mark.deep

SEED = 20260117
UPDATES, KILLS = 300, 10
DONE = "SELECT count(*) FROM desk_updates WHERE state <> 'waiting'"


def an_alert(bot: Bot, settings: Settings) -> str:
    """An alert that stands in the admin's chat: its reference."""
    with Emitter(settings) as tape:
        assert tape.alert(category="health", title="Worker is behind", lines=["lag 40 s"], expiry_minutes=600)
    rows = eventually(lambda: bot.rows("SELECT ref_id FROM alert_chats WHERE message_key IS NOT NULL"), 60)
    return str(rows[0][0])


def disordered(chance: random.Random) -> Any:
    """Some come twice, some in another order."""

    def mix(updates: Updates) -> Updates:
        given = updates + [one for one in updates if chance.random() < 0.1]
        if chance.random() < 0.2:
            chance.shuffle(given)
        return given

    return mix


def acts_in(redis_client: Any, key: str) -> list[dict[str, Any]]:
    """The audit, as it reached the stream."""
    found = []
    for _entry, fields in redis_client.xrange(key):
        if fields[b"event"] == OperatorAct.EVENT.encode():
            found.append(msgspec.json.decode(fields[b"data"]))
    return found


def test_each_command_and_press_is_acted_on_once(
    runner: Runner, connection: Connection, settings: Settings, redis_client: Any, key: str
) -> None:
    chance = random.Random(SEED)
    with bot_of(runner, connection, settings) as bot:
        bot.start()
        ref = an_alert(bot, settings)
        bot.server.disorder = disordered(chance)
        bot.server.faults.extend(chance.choices(["500", "closed", "429", "nonsense", "ok"], k=20))
        sent: dict[int, str] = {}
        for place in range(UPDATES):
            if place % 4 == 3:
                sent[bot.server.press(ADMIN, f"a:{ref}:{'up' if place % 8 == 3 else 'dn'}", 1)] = "press"
            else:
                value = chance.randrange(10, 200) / 100
                sent[bot.server.say(TRADER, f"/risk {value:.2f}")] = f"{value:.2f}%"
        for killed in range(1, KILLS + 1):
            some = killed * UPDATES // (KILLS + 1)
            _done(bot, some)
            bot.kill()
            bot.start()
        _done(bot, UPDATES)
        eventually(lambda: bot.server.unconfirmed == 0)
        _check(bot, sent)
        audited = eventually(lambda: _whole(acts_in(redis_client, key), sent), 60)
        assert audited


@pytest.mark.parametrize("place", ["before_done", "before_commit", "after_commit", "emitted"])
def test_killed_at_the_worst_moment_it_does_it_once(
    runner: Runner, connection: Connection, settings: Settings, redis_client: Any, key: str, place: str
) -> None:
    with bot_of(runner, connection, settings) as bot:
        desk = bot.start(SIGNALTAPE_FAILPOINTS=f"desk.{place}=kill@1")
        number = bot.server.say(TRADER, "/risk 1.5")
        assert desk.finish(60)[0] != 0
        bot.start()
        assert bot.result(number) == ("done", "1.0% → 1.5%")
        assert bot.ask(TRADER, "/risk").startswith("Base risk 1.5%")
        acts = eventually(lambda: acts_in(redis_client, key))
        assert {(act["id"], act["result"]) for act in acts} == {(acts[0]["id"], "1.0% → 1.5%")}
        assert bot.rows("SELECT count(*) FROM outbox WHERE message_key = %s", f"answer:{number}") == [(1,)]


def _done(bot: Bot, n: int) -> None:
    eventually(lambda: bot.rows(DONE)[0][0] >= n, 120)


def _check(bot: Bot, sent: dict[int, str]) -> None:
    results = dict(bot.rows("SELECT update_id, result FROM desk_updates WHERE state = 'done'"))
    before = "1.0%"
    for number, value in sorted(sent.items()):
        if value != "press":
            assert results[number] == f"{before} → {value}", "once each, in order"
            before = value
    presses = sorted(number for number, value in sent.items() if value == "press")
    kept = [row[0] for row in bot.rows("SELECT update_id FROM feedback ORDER BY update_id")]
    assert kept == presses
    answers = bot.rows(
        "SELECT count(*), count(DISTINCT message_key) FROM outbox WHERE message_key LIKE 'answer:%%'"
    )
    risks = len(sent) - len(presses)
    assert answers == [(risks, risks)]


def _whole(acts: list[dict[str, Any]], sent: dict[int, str]) -> bool:
    """Whether each act stands in the audit; one that was emitted twice has the same id both times."""
    wanted = sum(value != "press" for value in sent.values())
    by_id = {act["id"]: act["result"] for act in acts}
    return len(by_id) == wanted and all(by_id[act["id"]] == act["result"] for act in acts)
