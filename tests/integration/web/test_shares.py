"""What one asks for in excess, or what is slow, costs nobody else the answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from deploy.embedded.valkey import Valkey
from signaltape import Settings
from tests.integration.web.following import following
from tests.integration.web.test_access import bearer, make_key
from tests.support.served import Served
from tests.support.waiting import eventually


@contextmanager
def frozen(valkey: Valkey) -> Iterator[None]:
    """A server that takes what is said to it, and answers nothing."""
    os.kill(valkey.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(valkey.pid, signal.SIGCONT)


def seconds_of(served: Served, path: str) -> float:
    began = time.monotonic()
    served.get(path)
    return time.monotonic() - began


def test_while_redis_is_frozen_only_pages_of_replays_wait_and_not_long(
    alone: tuple[Valkey, Served],
) -> None:
    valkey, served = alone
    seconds_of(served, "/rules")
    with frozen(valkey), ThreadPoolExecutor(8) as several:
        waiting = [several.submit(seconds_of, served, "/replay") for _ in range(8)]
        time.sleep(0.2)
        assert seconds_of(served, "/rules") < 4
        assert max(one.result() for one in waiting) < 9


def test_a_key_has_its_share_of_the_places_and_one_that_is_left_is_free_again(
    settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.places.MOST_OF_ONE", 2)
    loud, quiet = bearer(make_key(settings)), bearer(make_key(settings))
    with following(served, Authorization=loud), following(served, Authorization=quiet):
        with following(served, Authorization=loud):
            refused = served.get("/api/events", Authorization=loud)
            assert (refused.status, refused.headers["Retry-After"]) == (503, "30")
        eventually(lambda: follows(served, loud))


def follows(served: Served, authorization: str) -> bool:
    try:
        with following(served, Authorization=authorization):
            return True
    except AssertionError:
        return False
