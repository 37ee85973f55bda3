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
from sink.db import Connection, connect, database_url
from sink.pool import Session
from tests.integration.web.following import following
from tests.integration.web.test_access import bearer, make_key
from tests.support.served import Served
from tests.support.waiting import eventually
from web import keys


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
        time.sleep(0.2)  # a frozen server does not tell who waits for it
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


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_what_a_proxy_passes_on_is_not_this_machine(served: Served, header: str) -> None:
    assert served.ask("GET", "/api/scorecards", headers={header: "for=192.0.2.1"}).status == 421
    assert served.get("/api/scorecards").status == 200


def test_who_fills_all_sessions_is_no_reason_to_say_that_postgres_is_away(
    settings: Settings, connection: Connection, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = make_key(settings)
    assert served.get("/api/signals", Authorization=bearer(loud)).status == 200
    monkeypatch.setattr("web.http.access._BELIEVED_S", 0.5)
    with ThreadPoolExecutor(8) as several, connection.transaction():
        connection.execute("LOCK TABLE signals")
        waiting = [several.submit(served.get, "/api/signals", Authorization=bearer(loud)) for _ in range(8)]
        eventually(lambda: waits(connection) == 8)
        refused = served.get("/api/signals", Authorization=bearer(loud))
        assert (refused.status, "at once" in refused.text, "away" in refused.text) == (503, True, False)
        with connect(database_url(settings)) as other:
            other.execute("UPDATE api_keys SET revoked_at = now()")
        eventually(lambda: served.get("/api/signals", Authorization=bearer(loud)).status == 401)
    assert 200 in {one.result().status for one in waiting}


def test_a_wrong_key_that_is_repeated_is_not_looked_for_each_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_for: list[str] = []
    find = keys.find

    async def noted(session: Session, key_id: str) -> keys.ApiKey | None:
        looked_for.append(key_id)
        return await find(session, key_id)

    monkeypatch.setattr("web.keys.find", noted)
    answers = [served.get("/api/signals", Authorization="Bearer st_made_up").status for _ in range(3)]
    assert (answers, looked_for) == ([401] * 3, ["made"])


def waits(connection: Connection) -> int:
    """How many sessions wait for the locked table."""
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'signals'::regclass"
    ).fetchall()[0]
    return int(row[0])
