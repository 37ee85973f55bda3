"""A panic with ten engines, one of which is frozen: all others answer within a second, the frozen one is named."""

from __future__ import annotations

import os
import re
import signal

from signaltape import Settings
from signaltape.control import processes
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.desking import TRADER, bot_of
from tests.support.waiting import eventually

ENGINES = 10
ENGINE = """
import threading
from signaltape import Emitter
heard = threading.Event()
tape = Emitter()
tape.on_pause(lambda paused: heard.set() if paused else None)
heard.wait()
threading.Event().wait()
"""


def test_who_is_frozen_is_named_and_all_others_pause(
    runner: Runner, connection: Connection, settings: Settings, redis_client: object
) -> None:
    import redis

    assert isinstance(redis_client, redis.Redis)
    with bot_of(runner, connection, settings) as bot:
        bot.start()
        engines = [runner.fork_code(ENGINE) for _ in range(ENGINES)]
        assert eventually(lambda: len(processes(redis_client, settings.stream)) == ENGINES + 1, 90)
        frozen = engines[3].popen.pid
        os.kill(frozen, signal.SIGSTOP)
        try:
            asked = bot.server.say(TRADER, "/panic")
            bot.result(asked)
            pressed = bot.server.press(TRADER, bot.buttons(asked)[0], bot.message_id(asked))
            told = (
                rf"paused; 1 of {ENGINES + 1} did not answer within \d+\.\d s"  # how long this machine took
            )
            assert re.match(told, bot.result(pressed)[1])
            said = bot.answer(pressed).splitlines()
            assert "desk, engine 9" in said
            assert next(line for line in said if line.startswith("❌")).startswith("❌ engine@")
            assert f":{frozen}, seen " in bot.answer(pressed)
            names = {one.name for one in processes(redis_client, settings.stream) if one.state == "paused"}
            assert len(names) == ENGINES
        finally:
            os.kill(frozen, signal.SIGCONT)
        assert eventually(
            lambda: all(one.state == "paused" for one in processes(redis_client, settings.stream))
        )
