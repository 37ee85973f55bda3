"""Postgres and Redis stop, one after the other and both, and come back: every page says so, and is itself again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.embedded.postgres import Postgres
from deploy.embedded.valkey import Valkey
from signaltape import Secret, Settings
from sink.admin.migrate import migrate
from sink.db import connect
from tests.integration.conftest import own_valkey
from tests.integration.web.following import following
from tests.support.book import Book
from tests.support.postgres import own_postgres
from tests.support.routes import Route, routes_of
from tests.support.served import Answer, Served, serving
from tests.support.waiting import eventually
from web.application import application
from web.settings import WebSettings

pytestmark = pytest.mark.deep

#: No more than there are sessions of Postgres: who waits too long for one is told that many ask.
_AT_ONCE = 6
#: These are not asked for: they take long, or need no server.
_LEFT_OUT = (".png", ".pdf", "/static/")


class Stage:
    """Servers that can be stopped, and a dashboard on them."""

    def __init__(self, postgres: Postgres, valkey: Valkey, served: Served, paths: Sequence[str]) -> None:
        self.postgres, self.valkey, self.served, self.paths = postgres, valkey, served, paths

    def look(self, several: ThreadPoolExecutor) -> dict[str, Answer]:
        """All pages and calls, now."""
        return dict(zip(self.paths, several.map(self.served.get, self.paths), strict=True))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with own_postgres() as postgres, own_valkey(tmp_path / "valkey") as valkey:
        database = Secret(postgres.url())
        with connect(database) as connection:
            migrate(connection)
            signal_id = Book(connection).closed_signal("0.85", 1)
        common = Settings(redis_url=Secret(valkey.url), database_url=database, home=tmp_path / "home")
        settings = WebSettings(common, database)
        routes = routes_of(application(settings), {"week": "2022-W03", "signal_id": signal_id})
        paths = [one.path for one in routes if one.method == "GET" and not _is_left_out(one)]
        with serving(settings) as served:
            yield Stage(postgres, valkey, served, paths)


def _is_left_out(route: Route) -> bool:
    return route.is_stream or route.path.startswith(_LEFT_OUT) or route.path.endswith(_LEFT_OUT)


def statuses(answers: dict[str, Answer]) -> dict[str, int]:
    return {path: answer.status for path, answer in answers.items()}


def well(answers: dict[str, Answer]) -> dict[str, Answer]:
    """The same. Fails if one of them is an error of ours, or of a server that has too much to do."""
    assert {path: status for path, status in statuses(answers).items() if status >= 500} == {}
    return answers


def not_excused(before: dict[str, Answer], now: dict[str, Answer], *away: str) -> list[str]:
    """Pages that are neither as before nor say what is away."""
    return [
        path
        for path, answer in now.items()
        if answer.status != before[path].status
        and not (answer.status == 503 and any(name in answer.text for name in away))
    ]


def test_every_page_says_what_is_away_and_is_itself_again(stage: Stage) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as several:
        before = eventually(lambda: well(stage.look(several)))

        stage.valkey.stop()
        without_redis = stage.look(several)
        assert not_excused(before, without_redis, "Redis") == []
        assert "Redis is away" in without_redis["/"].text
        assert "away" in without_redis["/health"].text
        assert stage.served.get("/api/events").status == 503

        stage.postgres.stop()
        nothing = stage.look(several)
        assert not_excused(before, nothing, "Redis", "Postgres") == []
        assert not any("Traceback" in answer.text for answer in nothing.values())
        assert nothing["/healthz"].status == 200
        assert "Redis is away" in nothing["/"].text

        stage.valkey.start()
        without_postgres = stage.look(several)
        assert "Redis is away" not in without_postgres["/"].text
        assert "Postgres" in without_postgres["/signals"].text
        with following(stage.served):
            pass

        stage.postgres.start()
        eventually(lambda: statuses(stage.look(several)) == statuses(before))
        assert "is away" not in stage.served.get("/").text
