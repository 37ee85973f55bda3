"""All processes side by side, each by its own user of Redis and its own login in Postgres: nothing is refused."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, Secret, Settings
from signaltape.control.processes import processes_of
from signaltape.stream import processes_key
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.web.test_process import address_said_by
from tests.support.acl import url_of
from tests.support.desking import ADMIN, Bot, bot_of
from tests.support.samples import closed, new_id, published, triggered
from tests.support.waiting import eventually

#: Who is there: the name of each in the list of processes.
ROLES = {"worker", "archiver", "replays", "reporter", "desk", "ghost", "guard", "web"}

#: What is asked for and not needed: the tape by an engine, which says so once; how often Redis writes to disk.
DONE_WITHOUT = {("engine", "xrange"), ("web", "config|get"), ("worker", "config|get")}
PAGES = (
    "/",
    "/signals",
    "/score",
    "/quality",
    "/messages",
    "/rules",
    "/ghosts",
    "/replay",
    "/health",
    "/api/signals",
)


@pytest.fixture
def bot(runner: Runner, connection: Connection, settings: Settings) -> Iterator[Bot]:
    with bot_of(runner, connection, settings) as made:
        yield made


@pytest.mark.first
def test_all_of_them_do_their_work(
    bot: Bot, runner: Runner, settings: Settings, redis_client: Any, connection: Connection, tmp_path: Path
) -> None:
    redis_client.execute_command("ACL", "LOG", "RESET")
    data = {"SIGNALTAPE_DATA": str(tmp_path / "data")}
    started = [
        runner.start("worker"),
        runner.start("replay", "archive", **data),
        runner.start("replay", "serve", **data),
        runner.start("reports", "schedule"),
        runner.start("ghost", SIGNALTAPE_TRACK="true"),
        runner.start("guard"),
        (web := runner.start("web", "--port", "0")),
    ]
    bot.start(**data)
    eventually(lambda: roles(redis_client, settings) >= ROLES, timeout=120)

    one = new_id()
    url = url_of("engine", reveal(settings))
    with Emitter(msgspec.structs.replace(settings, redis_url=Secret(url))) as tape:
        assert tape.published(**published(one))
        assert tape.triggered(**triggered(one))
        assert tape.closed(**closed(one))
        assert tape.close(timeout=20)
    eventually(lambda: connection.execute("SELECT count(*) FROM signal_closures").fetchall() == [(1,)])
    eventually(lambda: list((tmp_path / "data").rglob("*.jsonl")))

    assert "not now" not in bot.ask(ADMIN, "/status")
    assert "not now" not in bot.ask(ADMIN, "/score")
    _, port = address_said_by(web)
    eventually(lambda: pages(port) == [])  # a machine that has much to do says 503 first
    assert runner.run("replay", "retention", **data)[0] == 0
    assert runner.run("reports", "scorecard")[0] == 0
    assert runner.run("signaltape", "pause", "--why", "a look")[0] == 0
    assert runner.run("signaltape", "resume")[0] == 0
    assert all(process.popen.poll() is None for process in started)
    refused = {(entry["username"], entry["object"]) for entry in redis_client.acl_log()}
    assert refused <= DONE_WITHOUT, redis_client.acl_log()


def reveal(settings: Settings) -> str:
    assert settings.redis_url is not None
    return settings.redis_url.reveal()


def roles(client: Any, settings: Settings) -> set[str]:
    return {one.role for one in processes_of(client.hgetall(processes_key(settings.stream)))}


def pages(port: int) -> list[tuple[str, int, bytes]]:
    """Pages of the dashboard that do not answer well."""
    answers = []
    for path in PAGES:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        asked.request("GET", path)
        answer = asked.getresponse()
        answers.append((path, answer.status, answer.read() if answer.status != 200 else b""))
        asked.close()
    return [one for one in answers if one[1] != 200]
