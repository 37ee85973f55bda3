"""Real processes under control: all answer, a frozen one is named, a dead one is forgotten, a restarted one knows."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from signaltape.control import Process, pause, processes, read, resume, wait_for_answers
from signaltape.control.processes import FORGOTTEN_MS, GONE_MS
from signaltape.stream import control_key, processes_key, stream_keys
from sink.control import read as read_in_postgres
from sink.control import remove_gone
from sink.db import Connection
from tests.integration.conftest import Runner, own_valkey
from tests.support.waiting import LONGEST_S, eventually

#: Some engines, each a process, until the first of them is ended.
ENGINES = """
import os, sys, time
from signaltape import Emitter
tape = Emitter()
tape.on_pause(lambda paused: print(os.getpid(), paused, flush=True))
first = os.getpid()
for _ in range(int(sys.argv[1]) - 1):
    if not os.fork():
        while os.getppid() == first:
            time.sleep(0.05)
        os._exit(0)
while True:
    time.sleep(0.05)
"""
#: What an engine reads at its start, once control is known.
RESTARTED = """
import time
from signaltape import Emitter
tape = Emitter()
until = time.monotonic() + 20
while not tape.control_known and time.monotonic() < until:
    time.sleep(0.01)
print(tape.paused)
"""


@pytest.fixture
def ten(runner: Runner, settings: Settings, redis_client: Any) -> list[Process]:
    """Ten engines that are there."""
    runner.fork_code(ENGINES, "10")
    return eventually(lambda: there(redis_client, settings, 10), timeout=60)


def there(client: Any, settings: Settings, count: int) -> list[Process]:
    found = processes(client, settings.stream)
    return found if len(found) == count else []


def of_role(client: Any, settings: Settings, role: str) -> list[Process]:
    return [one for one in processes(client, settings.stream) if one.role == role]


def test_ten_answer(ten: list[Process], settings: Settings, redis_client: Any) -> None:
    word = pause(redis_client, settings.stream, "ani")
    answers = wait_for_answers(redis_client, settings.stream, word.epoch, 20)
    assert len(answers.answered) == 10
    assert answers.all_there
    assert {one.state for one in answers.answered} == {"paused"}


def test_a_frozen_one_is_named_and_the_others_have_answered(
    ten: list[Process], runner: Runner, settings: Settings, redis_client: Any
) -> None:
    frozen = max(ten, key=lambda one: one.pid)
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        code, out, err = runner.run("signaltape", "pause", "--why", "news\x1b[2J", COLUMNS="80")
        assert code == 0, err
        assert out.startswith("paused, but 1 of 10 did not answer within 3 s")
        assert frozen.name in out
        assert max(map(len, out.splitlines())) <= 80
        word = read(redis_client, settings.stream)
        assert word is not None
        answers = wait_for_answers(redis_client, settings.stream, word.epoch, 0)
        assert (len(answers.answered), [one.pid for one in answers.missing]) == (9, [frozen.pid])
        code, out, _ = runner.run("signaltape", "processes")
        assert code == 0
        assert "paused since" in out
        assert "\x1b" not in out
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    eventually(lambda: not wait_for_answers(redis_client, settings.stream, word.epoch, 0).missing)


def test_the_shell_says_who_has_answered(
    ten: list[Process], runner: Runner, settings: Settings, redis_client: Any
) -> None:
    code, out, err = runner.run("signaltape", "resume")
    assert (code, err) == (0, "")
    assert out.startswith("running: all 10 have answered, in ")
    code, out, _ = runner.run("signaltape", "processes", "--json")
    found = json.loads(out)
    assert found["control"]["state"] == "running"
    assert {one["pid"] for one in found["processes"]} == {one.pid for one in ten}
    assert not any(one["is_silent"] for one in found["processes"])


def test_what_the_shell_did_is_on_the_tape(runner: Runner, settings: Settings, redis_client: Any) -> None:
    for command in ("pause", "resume"):
        assert runner.run("signaltape", command, "--why", "news", SIGNALTAPE_STREAM=settings.stream)[0] == 0
    told = [
        json.loads(entry[b"data"]) for _, entry in redis_client.xrange(stream_keys(settings.stream, 1)[0])
    ]
    assert [(one["act"], one["via"]) for one in told] == [("pause", "shell"), ("resume", "shell")]
    assert told[0]["result"].startswith("paused since")
    assert told[0]["result"].endswith(": news")
    assert not processes(redis_client, settings.stream), "who wrote it down is no process that is to answer"


def test_the_shell_says_what_is_away(runner: Runner) -> None:
    for command in ("pause", "resume", "processes"):
        code, _, err = runner.run("signaltape", command, REDIS_URL="redis://127.0.0.1:1/0")
        assert (code, len(err.splitlines())) == (1, 1)
        assert runner.run("signaltape", command, REDIS_URL="")[0] == 2


def test_one_that_was_killed_is_named_then_gone_then_forgotten(
    runner: Runner, settings: Settings, redis_client: Any
) -> None:
    engine = runner.fork_code(ENGINES, "1")
    (seen,) = eventually(lambda: there(redis_client, settings, 1), timeout=60)
    engine.end()
    word = pause(redis_client, settings.stream, "ani")
    assert wait_for_answers(redis_client, settings.stream, word.epoch, 0).missing[0].name == seen.name
    assert remove_gone(redis_client, settings.stream) == 0
    key = processes_key(settings.stream)
    field = json.loads(redis_client.hget(key, seen.name))
    redis_client.hset(key, seen.name, json.dumps({**field, "seen_ms": field["seen_ms"] - GONE_MS}))
    redis_client.hset(key, "\x1b[2J", "none of ours")
    answers = wait_for_answers(redis_client, settings.stream, word.epoch, 0)
    assert (answers.missing, [one.name for one in answers.gone]) == ([], [seen.name])
    _, out, _ = runner.run("signaltape", "processes")
    assert "gone" in out
    assert "\x1b" not in out
    assert remove_gone(redis_client, settings.stream) == 1, "it may wake: it is named for hours"
    redis_client.hset(key, seen.name, json.dumps({**field, "seen_ms": field["seen_ms"] - FORGOTTEN_MS}))
    assert remove_gone(redis_client, settings.stream) == 1
    assert processes(redis_client, settings.stream) == []


def test_one_that_starts_amid_a_pause_begins_paused(
    runner: Runner, settings: Settings, redis_client: Any
) -> None:
    pause(redis_client, settings.stream, "ani")
    assert runner.fork_code(RESTARTED).finish()[1].strip() == "True"
    resume(redis_client, settings.stream, "ani")
    assert runner.fork_code(RESTARTED).finish()[1].strip() == "False"


PROCESSES = {
    "ship": ("signaltape", "ship"),
    "worker": ("worker",),
    "archiver": ("replay", "archive"),
    "replays": ("replay", "serve"),
    "reporter": ("reports", "schedule"),
    "web": ("web", "--port", "0"),
}


def test_every_process_is_there_answers_and_leaves(
    runner: Runner, settings: Settings, redis_client: Any, tmp_path: Any
) -> None:
    started = [runner.start(*words, SIGNALTAPE_DATA=str(tmp_path)) for words in PROCESSES.values()]
    eventually(lambda: {one.role for one in processes(redis_client, settings.stream)} == set(PROCESSES), 60)
    word = pause(redis_client, settings.stream, "ani")
    assert wait_for_answers(redis_client, settings.stream, word.epoch, 20).all_there
    for process in started:
        process.popen.send_signal(signal.SIGTERM)
    for process in started:
        assert process.finish()[0] == 0
    assert processes(redis_client, settings.stream) == []


@pytest.fixture
def own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with a Redis that this test may flush."""
    with own_valkey(tmp_path_factory.mktemp("flushed") / "vk") as valkey:
        yield with_redis(settings, valkey)


def with_redis(settings: Settings, valkey: Valkey) -> Settings:
    return msgspec.structs.replace(settings, redis_url=Secret(valkey.url))


def test_a_pause_survives_a_flush_and_the_end_of_the_worker(own: Settings, connection: Connection) -> None:
    assert own.redis_url is not None
    client = redis.Redis.from_url(own.redis_url.reveal(), protocol=2)
    runner = Runner(own)
    try:
        worker = runner.start("worker")
        runner.fork_code(ENGINES, "2")
        eventually(lambda: there(client, own, 3), timeout=60)
        word = pause(client, own.stream, "ani", "news")
        assert wait_for_answers(client, own.stream, word.epoch, 20).all_there
        eventually(lambda: read_in_postgres(connection) == word)
        client.flushall()
        assert eventually(lambda: read(client, own.stream)) == word
        worker.popen.kill()
        worker.popen.wait(LONGEST_S)
        client.flushall()
        eventually(lambda: len(of_role(client, own, "engine")) == 2)
        assert {one.state for one in of_role(client, own, "engine")} == {"paused"}
        assert read(client, own.stream) is None
        runner.start("worker")
        assert eventually(lambda: read(client, own.stream), 60) == word
        client.hset(control_key(own.stream), mapping={"state": "running", "epoch": word.epoch - 1})
        eventually(lambda: read(client, own.stream) == word)
        assert {one.state for one in of_role(client, own, "engine")} == {"paused"}
    finally:
        runner.end_all()
        client.close()
