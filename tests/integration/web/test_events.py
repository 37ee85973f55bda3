"""The stream as server-sent events: nothing missed, nothing twice, whatever is cut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import redis

from deploy.embedded.valkey import Valkey
from signaltape import Settings
from sink.db import Connection
from tests.integration.web.following import following, of_events, within_time
from tests.integration.web.test_access import bearer, make_key
from tests.support.samples import as_json, published
from tests.support.served import Served, serving
from web.settings import WebSettings


def add(client: Any, key: str, count: int = 1, event: str = "signal_published") -> list[str]:
    return [client.xadd(key, {"event": event, "data": as_json(published())}).decode() for _ in range(count)]


def test_what_comes_is_told_with_its_place(served: Served, redis_client: Any, key: str) -> None:
    with following(served) as heard:
        ids = add(redis_client, key, 3)
        told = of_events(heard, 3)
    assert [one.id for one in told] == ids
    assert told[0].data["symbol"] == "SOL-USDT-SWAP"
    assert told[0].data["event"] == "published"


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(
    served: Served, redis_client: Any, key: str
) -> None:
    ids = add(redis_client, key, 1200)
    heard_ids: list[str] = []
    last = ids[9]
    for count in (1, 500, 300, 389):
        with following(served, Last_Event_ID=last) as heard:
            heard_ids += [one.id for one in of_events(heard, count)]
        last = heard_ids[-1]
    assert heard_ids == ids[10:]


def test_catching_up_goes_over_into_what_comes_live(served: Served, redis_client: Any, key: str) -> None:
    before = add(redis_client, key, 700)
    with following(served) as _other, following(served, f"?after={before[0]}") as heard:
        first = of_events(heard, 300)
        after = add(redis_client, key, 700)
        told = [*first, *of_events(heard, 1099)]
    assert [one.id for one in told] == [*before[1:], *after]


def test_a_follower_that_was_ahead_of_the_reader_hears_nothing_twice(
    served: Served, redis_client: Any, key: str
) -> None:
    with following(served) as other:
        ids = add(redis_client, key, 3)
        with following(served, f"?after={ids[2]}") as heard:
            ids += add(redis_client, key, 2)
            assert [one.id for one in of_events(heard, 2)] == ids[3:]
        assert [one.id for one in of_events(other, 5)] == ids


def test_records_can_be_left_out(served: Served, redis_client: Any, key: str) -> None:
    with following(served, "?kind=signals") as heard:
        add(redis_client, key, 2, event="trade")
        ids = add(redis_client, key)
        assert [one.id for one in of_events(heard, 1)] == ids


def test_with_several_partitions_an_id_is_a_place_in_each(
    settings: Settings, redis_client: Any, web_settings: WebSettings
) -> None:
    common = msgspec.structs.replace(settings, partitions=3)
    names = [f"{settings.stream}:{{{number}}}" for number in range(3)]
    with serving(msgspec.structs.replace(web_settings, common=common)) as served:
        for name in names:
            add(redis_client, name, 20)
        told: list[tuple[str, str]] = []
        last = "0-0"
        for count in (7, 30, 23):
            with following(served, Last_Event_ID=last) as heard:
                for one in of_events(heard, count):
                    told.append((one.data["stream"], one.data["id"]))
                    last = one.id
        assert len(told) == len(set(told)) == 60
        assert last.count(",") == 2


@pytest.mark.parametrize("place", ["x", "1", "1-1,2-2", "-", "9" * 300])
def test_a_place_that_is_none_is_refused(served: Served, place: str) -> None:
    assert served.get("/api/events", Last_Event_ID=place).status == 400
    assert served.get("/api/events?kind=some").status == 400


def test_it_goes_on_after_redis_restarts(alone: tuple[Valkey, Served], key: str) -> None:
    valkey, served = alone
    with redis.Redis.from_url(valkey.url) as client, following(served) as heard:
        ids = add(client, key, 2)
        assert [one.id for one in of_events(heard, 2)] == ids
        valkey.stop()
        assert any(one.data == {"redis": False} for one in within_time(heard))
        valkey.start()
        ids = add(client, key, 2)
        assert [one.id for one in of_events(heard, 2)] == ids


def test_without_redis_pages_show_the_rest_and_events_are_503(alone: tuple[Valkey, Served]) -> None:
    valkey, served = alone
    valkey.stop()
    overview = served.get("/")
    assert overview.status == 200
    assert "Redis is away" in overview.text
    assert served.get("/signals").status == 200
    health = served.get("/health")
    assert health.status == 200
    assert "away" in health.text
    assert served.get("/api/events").status == 503
    valkey.start()
    assert "Redis is away" not in served.get("/").text


def test_followers_are_ended_at_once_when_the_dashboard_stops(web_settings: WebSettings) -> None:
    with ThreadPoolExecutor() as beside, serving(web_settings) as served, following(served) as heard:
        ended = beside.submit(served.stop)
        assert list(heard) == []
        ended.result()


def test_a_revoked_key_ends_what_it_follows(
    settings: Settings,
    web_settings: WebSettings,
    connection: Connection,
    redis_client: Any,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.http.access._BELIEVED_S", 0.0)
    monkeypatch.setattr("web.api.events._ASK_AGAIN_S", 0.0)
    made = make_key(settings)
    with serving(web_settings) as served, following(served, Authorization=bearer(made)) as heard:
        add(redis_client, key)
        assert len(of_events(heard, 1)) == 1
        connection.execute("UPDATE api_keys SET revoked_at = now()")
        add(redis_client, key)
        assert len(of_events(heard, 2)) < 2  # it has ended
