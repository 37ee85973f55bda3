"""How often one may ask: a moving window, and what becomes of it while a shared count is away."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from limits.util import WindowStats

from signaltape import Secret
from signaltape.http.hooks import Limit
from signaltape.http.limiting import _ANSWER_S, Limiter
from tests.support.waiting import LONGEST_S, ended


def test_whoever_is_counted_is_counted_alone() -> None:
    limiter = Limiter(Limit(rate="2/hour"))
    passed = [limiter.count(who).passes for who in ("a", "a", "a", "b")]
    assert passed == [True, True, False, True]


def test_of_many_at_once_exactly_so_many_pass() -> None:
    limiter, passed = Limiter(Limit(rate="100/hour")), []

    def ask() -> None:
        for _ in range(50):
            passed.append(limiter.count("a").passes)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert (len(passed), sum(passed)) == (400, 100)


def test_one_who_is_refused_does_not_wait_the_longer_for_asking() -> None:
    limiter = Limiter(Limit(rate="1/hour"))
    first = limiter.count("a")
    again = [limiter.count("a") for _ in range(20)]
    assert not any(one.passes for one in again)
    assert {one.reset_s for one in again} <= {first.reset_s, first.reset_s - 1}


def test_who_is_refused_had_nothing_left_though_the_window_has_moved_on_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limiter = Limiter(Limit(rate="1/hour"))
    limiter.count("a")
    monkeypatch.setattr(limiter._own, "get_window_stats", lambda *_: WindowStats(0, 1))
    refused = limiter.count("a")
    assert (refused.passes, refused.left) == (False, 0)


class Hangs:
    """A server that lets nobody stay, and counts who came."""

    def __init__(self) -> None:
        self.came = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self.came += 1
            connection.close()


def test_while_it_is_left_alone_nobody_waits_for_it() -> None:
    server, now = Hangs(), [0.0]
    limiter = Limiter(Limit(storage=Secret(f"redis://127.0.0.1:{server.port}/0")), lambda: now[0])
    limiter.count("a")
    came = server.came
    assert came
    now[0] = 4.9
    limiter.count("a")
    assert server.came == came
    now[0] = 5.0
    limiter.count("a")
    assert server.came > came


def test_a_shared_count_that_is_away_is_left_alone_and_memory_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    limiter = Limiter(Limit(rate="2/hour", storage=Secret("redis://:hunter22@127.0.0.1:1/0")), lambda: now[0])
    assert limiter.waits
    assert [limiter.count("a").passes for _ in range(3)] == [True, True, False]
    assert "counted in memory" in caplog.text
    assert "hunter22" not in caplog.text
    now[0] = 6.0
    assert not limiter.count("a").passes


def test_a_shared_count_that_does_not_answer_is_asked_once_and_no_further() -> None:
    """It takes connections and says nothing: an answer that waits for each of several attempts is none."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        limiter = Limiter(Limit(rate="2/hour", storage=Secret(f"redis://127.0.0.1:{port}/0")))
        storage: Any = limiter._shared and limiter._shared.storage
        how = storage.storage.connection_pool.connection_kwargs
        assert how["socket_timeout"] == how["socket_connect_timeout"] == _ANSWER_S
        assert limiter.count("a").passes
        silent.settimeout(LONGEST_S)
        silent.accept()[0].close()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()
