"""What is kept apart is sent in order, whatever Redis says; and who closes waits for it only while that helps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import redis
from redis.exceptions import NoPermissionError, OutOfMemoryError, ReadOnlyError

from signaltape import Emitter, Secret, Settings, SettingsError
from signaltape.journal.frame import body_prefix
from signaltape.notices import Notices
from signaltape.replay import kept_apart, sending
from signaltape.replay.kept_apart import KeptApart
from signaltape.replay.sending import Sending, Waiting
from tests.support.waiting import eventually

URL = Secret("redis://nowhere")


class Server:
    """A Redis that answers a batch as the test says. answer: given its number, from 0; what it raises is raised."""

    last: ClassVar[Server]

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.answer, self.batches, self.taken = answer, 0, list[Any]()

    def pipeline(self, **_: Any) -> Any:
        return Batch(self)

    def close(self) -> None: ...


class Batch(list[Any]):
    def __init__(self, server: Server) -> None:
        super().__init__()
        self._server = server

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute_command(self, *command: Any) -> None:
        self.append(command[-1])

    def execute(self, **_: Any) -> list[Any]:
        server = self._server
        server.batches += 1
        answer = server.answer(server.batches - 1)
        if answer is None:
            server.taken.append(list(self))
        return [answer for _ in self]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[int], Any]], Sending]]:
    made: list[Sending] = []

    def _serve(answer: Callable[[int], Any]) -> Sending:
        monkeypatch.setattr(sending, "redis_client", lambda _url: Server.last)
        Server.last = Server(answer)
        made.append(Sending(URL, lambda *_: None))
        return made[-1]

    yield _serve
    for one in made:
        one.finish(0)


def fail(error: Exception) -> Any:
    raise error


def until(moment: float, error: Exception) -> Callable[[int], Any]:
    began = time.monotonic()
    return lambda _batch: fail(error) if time.monotonic() - began < moment else None


def event(name: str = "e", *, alone: bool = False) -> Waiting:
    return Waiting(("XADD", "key", name), 1, alone=alone, counts=not alone)


@pytest.mark.parametrize("error", [redis.ConnectionError("away"), UnicodeError("label too long"), OSError()])
def test_a_redis_that_is_back_soon_gets_it_while_closing_waits(serve: Any, error: Exception) -> None:
    one = serve(until(0.4, error))
    one.put(event())
    assert one.finish(5)
    assert (one.kept, one.not_kept) == (1, 0)


def test_for_a_redis_that_stays_away_closing_waits_a_moment_and_counts_what_is_lost(serve: Any) -> None:
    one = serve(until(60, redis.ConnectionError("away")))
    one.put(event())
    began = time.monotonic()
    assert not one.finish(5)
    assert time.monotonic() - began < 2.5
    assert (one.kept, one.not_kept) == (0, 1)


@pytest.mark.parametrize(
    "answer",
    [
        OutOfMemoryError("x"),
        ReadOnlyError("x"),
        redis.ResponseError("MISCONF x"),
        redis.ResponseError("BUSY x"),
    ],
)
def test_what_is_refused_for_now_is_sent_again_and_its_beginning_before_all_else(
    serve: Any, answer: Any
) -> None:
    one = serve(lambda batch: answer if batch < 2 else None)
    one.put(event("began", alone=True))
    one.put(event("a"))
    one.put(event("b"))
    eventually(lambda: one.kept == 2)
    taken = Server.last.taken
    assert taken[0] == ["began"]
    assert [name for batch in taken[1:] for name in batch] == ["a", "b"]


@pytest.mark.parametrize("answer", [NoPermissionError("x"), redis.ResponseError("unknown command 'XADD'")])
def test_what_is_refused_for_good_is_lost_and_counted(serve: Any, answer: Any) -> None:
    one = serve(lambda _batch: answer)
    one.put(event())
    eventually(lambda: one.not_kept == 1)


def test_a_log_that_raises_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notices, "say", lambda *_: fail(ValueError()))
    server = Server(until(0.2, redis.ConnectionError("away")))
    monkeypatch.setattr(sending, "redis_client", lambda _url: server)
    apart = KeptApart(URL, "s", "session", Notices())
    apart.append(body_prefix("signal_closed") + b"{}")
    assert apart.stop(5)
    assert apart.kept == 1


def test_a_signal_handler_that_emits_while_the_thread_starts_starts_no_other(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, started = serve(lambda _batch: None), list[threading.Thread]()

    def _start(thread: threading.Thread) -> None:
        started.append(thread)
        if len(started) < 3:
            one.put(event("from the handler"))
        start(thread)

    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", _start)
    one.put(event())
    assert one.finish(5)
    assert (len(started), one.kept) == (1, 2)


def test_a_signal_handler_that_emits_amid_an_event_has_a_number_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers: list[int] = []

    def _put(_self: Sending, one: Waiting) -> None:
        if one.counts:
            if not numbers:
                numbers.append(-1)
                apart.append(body)
            numbers.append(one.command[-1])

    monkeypatch.setattr(Sending, "put", _put)
    body = body_prefix("signal_closed") + b"{}"
    apart = KeptApart(URL, "s", "session", Notices())
    apart.append(body)
    assert sorted(numbers) == [-1, 0, 1]
    apart.stop(0)


def test_who_reads_a_replayed_stream_cannot_be_live(tmp_path: Path) -> None:
    environment = {
        "SIGNALTAPE_REPLAY": "s1",
        "FEATURE_EVENT_LOGGING": "true",
        "SIGNALTAPE_HOME": str(tmp_path),
    }
    with pytest.raises(SettingsError, match="SIGNALTAPE_REPLAY is set, so RUN_MODE must be REPLAY"):
        Settings.from_env(environment)
    settings = Settings.from_env({**environment, "RUN_MODE": "REPLAY"})
    with Emitter(settings) as tape:
        assert not tape.enabled
    assert kept_apart._known == {}
