"""Every query of every board returns data: of a real Prometheus that scrapes the running demo, and of Postgres."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from deploy.embedded.servers import Urls
from deploy.prometheus.documents import rules_document
from guard.rules_file import rules_in_force
from sink.db import Connection, connect
from tests.integration.conftest import fresh_database, fresh_settings
from tests.prometheus.living import OTHERS, demo
from tests.prometheus.server import Prometheus, prometheus
from tests.support.waiting import eventually

BOARDS = Path(__file__).parents[2] / "deploy" / "grafana"
#: Two flushes of an engine, and as many scrapes as a rate needs.
WITHIN_S = 60.0


class Asked(NamedTuple):
    """One query of a panel."""

    board: str
    panel: str
    query: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.board}: {self.panel} {self.query['refId']}"


def queries() -> list[Asked]:
    """All of them."""
    return [
        Asked(path.stem, panel["title"], target)
        for path in sorted(BOARDS.glob("*.json"))
        for panel in json.loads(path.read_text())["panels"]
        for target in panel.get("targets", [])
    ]


class Sources(NamedTuple):
    """What a board asks."""

    prometheus: Prometheus
    postgres: Connection


@pytest.fixture(scope="module")
def sources(
    servers: Urls, template: str, maker: Connection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sources]:
    folder = tmp_path_factory.mktemp("prometheus")
    client = redis.Redis.from_url(servers.redis, protocol=2)
    with fresh_database(servers, template, maker) as database, connect(database) as connection:
        settings = fresh_settings(servers, database, folder)
        connection.execute(b"SET signaltape.round_trip_pct = 0.1")
        with (
            demo(settings, connection, client) as targets,
            prometheus(folder, targets, rules_document(rules_in_force({}))) as server,
        ):
            yield Sources(server, connection)
    client.close()


def test_every_process_is_scraped(sources: Sources) -> None:
    wanted = {"worker", "archiver", "replays", "reporter", "ghost", "guard", "web", *OTHERS}

    def scraped() -> set[str]:
        found = sources.prometheus.ask("query", query="signaltape_process_info")["result"]
        return {series["metric"]["process"] for series in found}

    eventually(lambda: scraped() == wanted, timeout=WITHIN_S, every=0.5)
    targets = sources.prometheus.ask("targets")["activeTargets"]
    assert [target["lastError"] for target in targets if target["health"] != "up"] == []


@pytest.mark.parametrize("asked", queries(), ids=str)
def test_a_query_returns_data(sources: Sources, asked: Asked) -> None:
    ask = in_postgres if "rawSql" in asked.query else in_prometheus
    eventually(lambda: ask(sources, asked.query), timeout=WITHIN_S, every=0.5)


def in_prometheus(sources: Sources, query: dict[str, Any]) -> list[float]:
    """With what Grafana puts in."""
    return sources.prometheus.values(query["expr"].replace("$__rate_interval", "30s"))


def in_postgres(sources: Sources, query: dict[str, Any]) -> list[Any]:
    """Of the last 30 days; rows that hold anything but times and names."""
    shown = r"\1 BETWEEN now() - interval '30 days' AND now()"
    sql = re.sub(r"\$__timeFilter\((.+?)\)(?=\s|$)", shown, query["rawSql"])
    cursor = sources.postgres.execute(sql.encode())
    assert cursor.description is not None
    names = [column.name for column in cursor.description]
    values = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        row
        for row in values
        if any(row[name] is not None for name in names if name not in ("time", "metric"))
    ]


def test_a_series_of_postgres_has_its_time_first(sources: Sources) -> None:
    for asked in queries():
        if asked.query.get("format") == "time_series":
            assert re.match(r"SELECT .+ AS \"time\", ", asked.query["rawSql"]), asked


def test_rules_are_evaluated_without_an_error(sources: Sources) -> None:
    groups = sources.prometheus.ask("rules")["groups"]
    assert [
        (one["name"], one["lastError"]) for group in groups for one in group["rules"] if one.get("lastError")
    ] == []
