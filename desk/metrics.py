"""What the desk measures: its group on the tape, what waits to be answered, alerts by decision, the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path

from consumer.group_measures import group_measures
from consumer.group_status import group_status
from outbox.metrics import outbox_measures
from signaltape.clock import utc_now
from signaltape.measures import Ask, Measure, Measured, Table, one
from signaltape.redis_client import redis_client, redis_url
from signaltape.settings import Secret, Settings
from signaltape.stream import DESK_GROUP
from sink.db import Connection, connect, database_url
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "metrics.sql")


def desk_parts(settings: Settings) -> Mapping[str, Ask]:
    """The parts by name. Raises SettingsError without a database; without Redis there are no alerts to tell of."""
    parts: dict[str, Ask] = {"postgres": partial(_stored, database_url(settings))}
    if settings.redis_url is not None:
        parts["redis"] = partial(_group, settings)
    return parts


def _group(settings: Settings) -> Iterator[Measure]:
    with closing(redis_client(redis_url(settings))) as client:
        partitions = group_status(client, settings, DESK_GROUP, utc_now())
    yield from group_measures("signaltape_desk", partitions)


def _stored(database: Secret) -> Iterator[Measured]:
    with connect(database, name="signaltape-metrics") as connection:
        return iter([*_waiting(connection), _alerts(connection), *outbox_measures(connection)])


def _waiting(connection: Connection) -> Iterator[Measure]:
    ((acts, asks, oldest_s),) = connection.execute(_SQL["waiting"]).fetchall()
    waiting = {"acts": acts, "asks": asks}
    yield Measure("signaltape_desk_waiting_updates", "Updates of Telegram that wait", waiting, "lane")
    yield one("signaltape_desk_oldest_waiting_seconds", "For how long the oldest of these waits", oldest_s)


def _alerts(connection: Connection) -> Table:
    rows = connection.execute(_SQL["alerts"]).fetchall()
    found: dict[tuple[str, ...], float] = {(category, decision): n for category, decision, n in rows}
    return Table("signaltape_desk_alerts", "Alerts that were decided", ("category", "decision"), found)
