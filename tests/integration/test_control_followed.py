"""An Emitter under control: what it hears, what it calls, what it may not do, and what it does in silence."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Emitter, Secret, Settings, SettingsError
from signaltape.control import RUNNING, Control, assert_again, pause, processes, read, resume
from signaltape.stream import control_key, processes_key, stream_key
from tests.integration.conftest import own_valkey
from tests.support.samples import published
from tests.support.waiting import eventually, status_of

#: What the docs let an engine's user do.
OF_THE_DOCS = (
    *("~STREAM:{*", "+xadd"),
    *("(+hgetall +time %R~STREAM:control)", "(+hset +hdel %W~STREAM:processes)"),
)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with own_valkey(tmp_path_factory.mktemp("control") / "vk") as started:
        yield started


@pytest.fixture
def server(valkey: Valkey) -> Iterator[Any]:
    client = redis.Redis.from_url(valkey.url, protocol=2)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def here(settings: Settings, valkey: Valkey) -> Settings:
    return msgspec.structs.replace(settings, redis_url=Secret(valkey.url))


def names(server: Any, settings: Settings) -> list[str]:
    return [one.name for one in processes(server, settings.stream)]


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return sum(words in record.getMessage() for record in caplog.records)


def test_it_pauses_answers_and_goes_on(server: Any, here: Settings) -> None:
    with Emitter(here) as tape:
        assert (tape.paused, tape.control_known) == (False, False)
        word = pause(server, here.stream, "ani", "news")
        eventually(lambda: tape.paused)
        (shown,) = eventually(lambda: [p for p in processes(server, here.stream) if p.epoch == word.epoch])
        assert (shown.role, shown.pid, shown.state) == ("engine", os.getpid(), "paused")
        assert tape.control_known
        resume(server, here.stream, "ani")
        eventually(lambda: not tape.paused)
    assert names(server, here) == []


def test_callbacks_are_called_in_order_once_for_each_change_from_one_thread(
    server: Any, here: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[tuple[str, bool, str]] = []

    def note(name: str, paused: bool) -> None:
        calls.append((name, paused, threading.current_thread().name))

    with Emitter(here) as tape:

        @tape.on_pause
        def first(paused: bool) -> None:
            note("first", paused)
            raise SystemExit(1)

        tape.on_pause(lambda paused: note("second", paused))
        for epoch in (11, 12):  # the same once more is no change
            assert_again(server, here.stream, Control(state="paused", epoch=epoch))
            eventually(lambda: [p for p in processes(server, here.stream) if p.epoch == epoch])  # noqa: B023
        resume(server, here.stream, "ani")
        eventually(lambda: len(calls) == 4)
        pause(server, here.stream, "ani")
        eventually(lambda: len(calls) == 6)
        tape.on_pause(lambda paused: note("late", paused))
        eventually(lambda: calls[-1][0] == "late")
    thread = "signaltape-control"
    assert calls[:4] == [
        ("first", True, thread),
        ("second", True, thread),
        ("first", False, thread),
        ("second", False, thread),
    ]
    assert calls[6:] == [("late", True, thread)]
    assert said(caplog, "a callback of on_pause failed") == 3


def test_a_flushed_redis_leaves_it_paused(server: Any, here: Settings) -> None:
    with Emitter(here) as tape:
        word = pause(server, here.stream, "ani")
        eventually(lambda: tape.paused)
        server.flushall()
        eventually(lambda: names(server, here))
        assert tape.paused
        assert_again(server, here.stream, Control(state=RUNNING, epoch=word.epoch - 1))
        eventually(lambda: read(server, here.stream))
        server.hset(processes_key(here.stream), "x", "y")
        server.delete(processes_key(here.stream))
        eventually(lambda: names(server, here))  # it has looked since
        assert tape.paused
        resume(server, here.stream, "ani")
        eventually(lambda: not tape.paused)


def test_garbage_is_not_heeded_and_said_once(
    server: Any, here: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with Emitter(here) as tape:
        pause(server, here.stream, "ani")
        eventually(lambda: tape.paused)
        server.hset(control_key(here.stream), "state", "running\x1b[2J")
        eventually(lambda: said(caplog, "is not heeded"))
        server.delete(processes_key(here.stream))
        eventually(lambda: names(server, here))
        assert tape.paused
    assert said(caplog, "is not heeded") == 1
    assert "\x1b" not in caplog.text


@pytest.mark.parametrize(
    ("rights", "hears", "is_listed", "warning"),
    [
        (("~*", "+xadd", "+hgetall", "+hset", "+hdel"), True, True, ""),
        (OF_THE_DOCS, True, True, ""),
        (("~*", "+xadd", "+hgetall"), True, False, "Redis refuses HSET"),
        (
            (
                "~*",
                "+xadd",
            ),
            False,
            False,
            "Redis refuses HGETALL",
        ),
    ],
)
def test_a_user_that_may_do_little(
    server: Any,
    valkey: Valkey,
    here: Settings,
    caplog: pytest.LogCaptureFixture,
    rights: tuple[str, ...],
    hears: bool,
    is_listed: bool,
    warning: str,
) -> None:
    words = [one.replace("STREAM", here.stream) for one in rights]
    server.execute_command("ACL", "SETUSER", "engine", "reset", "on", ">secret", *words)
    url = valkey.url.replace("unix://", "unix://engine:secret@")
    with Emitter(msgspec.structs.replace(here, redis_url=Secret(url))) as tape:
        pause(server, here.stream, "ani")
        if hears:
            eventually(lambda: tape.paused)
        if is_listed:
            eventually(lambda: names(server, here))
            assert tape.published(published())
        if warning:
            eventually(lambda: said(caplog, warning))
        assert tape.paused is hears
        assert bool(names(server, here)) is is_listed
    assert server.xlen(stream_key(here.stream, 0)) == int(is_listed)
    assert names(server, here) == []
    assert said(caplog, "Redis refuses H") == int(bool(warning))


def test_two_of_one_process_are_one_to_the_others(server: Any, here: Settings) -> None:
    with Emitter(here) as tape, Emitter(here) as other:
        pause(server, here.stream, "ani")
        eventually(lambda: tape.paused and other.paused)
        assert len(names(server, here)) == 1
        other.close()
        resume(server, here.stream, "ani")
        eventually(lambda: not tape.paused)
        assert len(names(server, here)) == 1
    assert names(server, here) == []


def test_one_that_nobody_holds_is_gone_from_the_list(server: Any, here: Settings) -> None:
    tape = Emitter(here)
    eventually(lambda: names(server, here))
    del tape
    eventually(lambda: not names(server, here))


def test_a_name_that_is_taken_gets_an_addition(server: Any, here: Settings) -> None:
    with Emitter(here):
        (name,) = eventually(lambda: names(server, here))
    eventually(lambda: not names(server, here))
    server.hset(processes_key(here.stream), name, "of one that died with this number")
    with Emitter(here):
        (again,) = eventually(lambda: names(server, here))
        assert again.startswith(f"{name}.")
    assert server.hlen(processes_key(here.stream)) == 0


def test_silence_pauses_and_only_a_word_lets_it_go_on(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with own_valkey(tmp_path_factory.mktemp("silent") / "vk") as valkey:
        here = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        server = redis.Redis.from_url(valkey.url, protocol=2)
        told: list[bool] = []
        with Emitter(here, fail_safe_s=1.0) as tape, Emitter(here) as without:
            tape.on_pause(told.append)
            resume(server, here.stream, "ani")
            eventually(lambda: tape.control_known)
            assert told == []
            valkey.stop()
            eventually(lambda: tape.paused)
            valkey.start()
            server.flushall()
            eventually(lambda: names(server, here))  # it has been reached again, and knows nothing
            assert tape.paused
            assert not without.paused
            assert read(server, here.stream) is None
            resume(server, here.stream, "ani")
            eventually(lambda: told == [True, False] and not tape.paused)
        server.close()


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), "soon", 1e400])
def test_a_wrong_fail_safe_is_said_and_is_the_shortest(
    here: Settings, server: Any, caplog: pytest.LogCaptureFixture, wrong: Any
) -> None:
    Emitter(here, fail_safe_s=wrong).close()
    assert said(caplog, "fail_safe_s must be seconds, at least 1, got") == 1
    with pytest.raises(SettingsError, match="fail_safe_s"):
        Emitter(here, fail_safe_s=wrong, strict=True)


def test_a_child_is_there_by_itself_and_its_end_is_its_own(server: Any, here: Settings) -> None:
    with Emitter(here) as tape:
        pause(server, here.stream, "ani")
        eventually(lambda: tape.paused)
        to_child, from_parent = os.pipe()
        child = os.fork()
        if not child:
            os.close(from_parent)
            os.read(to_child, 1)
            tape.close()
            os._exit(0 if tape.paused else 1)
        os.close(to_child)
        eventually(lambda: {one.pid for one in processes(server, here.stream)} == {os.getpid(), child})
        os.close(from_parent)
        assert status_of(child) == 0
        eventually(lambda: [one.pid for one in processes(server, here.stream)] == [os.getpid()])
