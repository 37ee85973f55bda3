"""Postgres away: pages say so, show what they can, and come back by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import sql

from deploy.embedded.servers import Urls
from signaltape import Secret
from tests.integration.web.test_events import add
from tests.support.served import Served
from tests.support.waiting import eventually


@pytest.fixture
def away(servers: Urls, database: Secret) -> Callable[[], Any]:
    """The test's database lets nobody in, and ends who is in, as a server does that stops."""
    name = psycopg.conninfo.conninfo_to_dict(database.reveal())["dbname"]

    @contextmanager
    def closed() -> Iterator[None]:
        with psycopg.connect(servers.database, autocommit=True) as admin:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format
            admin.execute(allow(sql.Identifier(str(name)), sql.SQL("false")))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            yield
            admin.execute(allow(sql.Identifier(str(name)), sql.SQL("true")))

    return closed


@pytest.mark.parametrize("path", ["/signals", "/readyz", "/api/signals"])
def test_what_needs_postgres_says_that_it_is_away_and_comes_back(
    served: Served, away: Callable[[], Any], path: str
) -> None:
    assert served.get(path).status == 200
    with away():
        answer = served.get(path)
        assert answer.status == 503
        assert "Postgres" in answer.text
        assert "Traceback" not in answer.text
        assert served.get("/healthz").status == 200
    eventually(lambda: served.get(path).status == 200)


def test_a_week_that_was_not_computed_lately_waits_for_postgres(
    served: Served, away: Callable[[], Any]
) -> None:
    assert served.get("/score/2022-W03").status == 200
    with away():
        answer = served.get("/score/2022-W02")
        assert answer.status == 503
        assert "Postgres" in answer.text
    eventually(lambda: served.get("/score/2022-W02").status == 200)


def test_the_overview_shows_the_rest(
    served: Served, away: Callable[[], Any], redis_client: Any, key: str
) -> None:
    add(redis_client, key)
    assert served.get("/signals").status == 200  # now it is known that no key is needed
    with away():
        answer = served.get("/")
        assert answer.status == 503
        assert "SOL-USDT-SWAP published" in answer.text
        assert "■ ERROR" in answer.text
    eventually(lambda: served.get("/").status == 200)


def test_what_was_known_of_the_week_is_still_shown(served: Served, away: Callable[[], Any]) -> None:
    assert served.get("/").status == 200
    with away():
        assert served.get("/").status == 200
        assert "away" in served.get("/health").text
