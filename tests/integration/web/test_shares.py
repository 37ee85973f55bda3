"""What one asks for in excess, or what is slow, costs nobody else the answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.embedded.valkey import Valkey
from signaltape import Settings
from sink.db import Connection, connect, database_url
from sink.pool import Session
from tests.integration.web.following import following
from tests.integration.web.test_access import bearer, make_key
from tests.integration.web.test_stations import frozen
from tests.support.served import Served
from tests.support.waiting import LONGEST_S, eventually
from web import keys, signals
from web.http.under_way import MOST_OF_ONE


def test_while_redis_is_frozen_pages_are_answered_all_the_same(alone: tuple[Valkey, Served]) -> None:
    valkey, served = alone
    assert served.get("/rules").status == 200
    with frozen(valkey), ThreadPoolExecutor(6) as several:
        answers = list(several.map(served.get, ["/replay"] * 5 + ["/rules"]))
        assert [one.status for one in answers] == [200] * 6


def test_pages_of_replays_that_wait_hold_up_no_other(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def waiting(_settings: Settings) -> list[Any]:
        begun.release()
        go_on.wait(LONGEST_S)
        return []

    monkeypatch.setattr("web.replays._manifests", waiting)
    with ThreadPoolExecutor(6) as several:
        asked = [several.submit(served.get, "/replay") for _ in range(6)]
        try:
            assert all(begun.acquire(timeout=30) for _ in range(4))  # the others wait for a thread
            assert served.get("/rules").status == 200
            assert not any(one.done() for one in asked)
        finally:
            go_on.set()
        assert [one.result().status for one in asked] == [200] * 6


def test_one_who_asks_much_at_once_is_told_to_wait_and_others_are_answered(
    settings: Settings, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud, quiet = bearer(make_key(settings)), bearer(make_key(settings))
    begun, go_on = threading.Semaphore(0), threading.Event()
    found = signals.found

    async def slow(*given: Any, **named: Any) -> tuple[signals.Page, signals.Total]:
        """As a question that keeps its session of Postgres busy."""
        begun.release()
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        return await found(*given, **named)

    monkeypatch.setattr("web.signals.found", slow)
    with ThreadPoolExecutor(MOST_OF_ONE) as several:
        asked = [several.submit(served.get, "/api/signals", Authorization=loud) for _ in range(MOST_OF_ONE)]
        try:
            assert all(begun.acquire(timeout=30) for _ in asked)
            refused = served.get("/api/scorecards", Authorization=loud)
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
            assert refused.json["type"].endswith("#quota-exceeded")
            assert served.get("/api/scorecards", Authorization=quiet).status == 200
            assert not any(one.done() for one in asked)
        finally:
            go_on.set()
        assert [one.result().status for one in asked] == [200] * MOST_OF_ONE
    assert served.get("/api/scorecards", Authorization=loud).status == 200


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
    loud, louder, other = (bearer(make_key(settings)) for _ in range(3))
    for each in (loud, louder, other):
        assert served.get("/api/signals", Authorization=each).status == 200
    monkeypatch.setattr("web.http.access._BELIEVED_S", 0.5)
    with ThreadPoolExecutor(2 * MOST_OF_ONE) as several, connection.transaction():
        connection.execute("LOCK TABLE signals")
        waiting = [
            several.submit(served.get, "/api/signals", Authorization=each)
            for each in (loud, louder)
            for _ in range(MOST_OF_ONE)
        ]
        eventually(lambda: waits(connection) == 2 * MOST_OF_ONE)
        refused = served.get("/api/signals", Authorization=other)
        assert (refused.status, "at once" in refused.text, "away" in refused.text) == (503, True, False)
        with connect(database_url(settings)) as beside:
            beside.execute("UPDATE api_keys SET revoked_at = now()")
        eventually(lambda: served.get("/api/signals", Authorization=loud).status == 401)
    assert 200 in {one.result().status for one in waiting}


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The ids of keys that Postgres was asked for, question by question."""
    questions: list[list[str]] = []
    find = keys.find

    async def noted(session: Session, key_ids: Sequence[str]) -> dict[str, keys.ApiKey]:
        questions.append(list(key_ids))
        return await find(session, key_ids)

    monkeypatch.setattr("web.keys.find", noted)
    return questions


def test_a_wrong_key_that_is_repeated_is_not_looked_for_each_time(
    served: Served, looked_for: list[list[str]]
) -> None:
    answers = [served.get("/api/signals", Authorization="Bearer st_made_up").status for _ in range(3)]
    assert (answers, looked_for) == ([401] * 3, [["made"]])


def test_made_up_keys_are_looked_for_together_and_a_new_one_counts_at_once(
    settings: Settings, connection: Connection, served: Served, looked_for: list[list[str]]
) -> None:
    names = [f"made{number}" for number in range(20)]
    assert served.get("/api/rules").status == 200
    with ThreadPoolExecutor(len(names) + 1) as several:
        with connection.transaction():
            connection.execute("LOCK TABLE api_keys")
            first = several.submit(served.get, "/api/rules", Authorization="Bearer st_first_x")
            eventually(lambda: looked_for == [["first"]])
            others = [
                several.submit(served.get, "/api/rules", Authorization=f"Bearer st_{name}_x")
                for name in names
            ]
            assert looked_for == [["first"]]
        assert {one.result().status for one in (first, *others)} == {401}
    assert sorted(name for names in looked_for for name in names) == sorted(["first", *names])
    assert served.get("/api/rules", Authorization=bearer(make_key(settings))).status == 200


def waits(connection: Connection) -> int:
    """How many sessions wait for the locked table."""
    row = connection.execute(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'signals'::regclass"
    ).fetchall()[0]
    return int(row[0])
