"""What the reporter measures: the outbox, and the last report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from outbox.metrics import outbox_measures
from signaltape.measures import Ask, Measure, one
from signaltape.settings import Secret
from sink.db import Connection, connect
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "metrics.sql")


def reporter_parts(database: Secret) -> Mapping[str, Ask]:
    """The parts by name."""
    return {"postgres": partial(_ask, database)}


def _ask(database: Secret) -> Iterator[Measure]:
    with connect(database, name="signaltape-metrics") as connection:
        return iter([*outbox_measures(connection), *_last_report(connection)])


def _last_report(connection: Connection) -> Iterator[Measure]:
    """Nothing where no week was reported yet."""
    for week, written in connection.execute(_SQL["last_report"]).fetchall():
        yield one("signaltape_report_week_timestamp_seconds", "When the newest reported week began", week)
        yield one("signaltape_report_timestamp_seconds", "When its scorecard was written last", written)
