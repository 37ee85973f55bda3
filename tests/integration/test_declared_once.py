"""A field of an event is declared once: in the contract. Its column, its bounds and its schema follow from that."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from consumer.decoding.fast_events import fast_decode
from signaltape import Emitter, Settings
from signaltape.contract.codec import decode
from signaltape.contract.declared import declared
from signaltape.contract.events import EVENTS
from signaltape.contract.schema import schemas
from sink.db import Connection
from sink.write.rows import DETAIL
from sink.write.writer import BatchWriter
from tests.support.entries import accepted
from tests.support.samples import ALL_SAMPLES, as_json, new_id, published

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)
#: Columns that Postgres fills.
_ITS_OWN = {"received_at"}

PLAN: dict[str, Any] = {
    "engine": "sol-15m",
    "entry_low": Decimal("221.50"),
    "entry_high": Decimal("222.40"),
    "tp2": Decimal("228.123456789012345678"),
    "atr_pct": Decimal("1.87"),
    "data_quality": "degraded",
    "degraded": True,
    "model_version": "gbm-7\t(test)",
    "features_version": "2022-01",
    "track": "swing",
    "entry_type": "stop",
}


@pytest.mark.parametrize("name", EVENTS)
def test_each_declared_column_is_one_of_the_table_and_none_is_left_over(
    name: str, connection: Connection
) -> None:
    rows = connection.execute(
        b"SELECT column_name FROM information_schema.columns WHERE table_name = %s", (EVENTS[name].TABLE,)
    )
    there = {row[0] for row in rows.fetchall()} - _ITS_OWN
    assert set(DETAIL[name].columns) == there


@pytest.mark.parametrize("name", EVENTS)
def test_each_declared_field_is_in_the_schema(name: str) -> None:
    kind = EVENTS[name]
    assert set(schemas()["events"][name]["$defs"][kind.__name__]["properties"]) == {
        field.name for field in declared(kind)
    }


def test_what_an_engine_says_of_its_plan_is_stored(connection: Connection) -> None:
    entry = accepted("signal_published", published(**PLAN))
    BatchWriter(connection).write([entry])
    cursor = connection.execute(f"SELECT {', '.join(PLAN)} FROM signals".encode())
    assert cursor.fetchone() == tuple(PLAN.values())


@pytest.mark.parametrize(
    ("track", "stored"), [(True, "true"), (False, "false"), ("a\tb", "a\tb"), (None, None)]
)
def test_a_signal_may_be_tracked_by_a_yes_or_by_a_word(
    track: Any, stored: str | None, connection: Connection
) -> None:
    BatchWriter(connection).write([accepted("signal_published", published(track=track))])
    assert connection.execute("SELECT track FROM signals").fetchone() == (stored,)


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_names_its_engine(name: str, connection: Connection) -> None:
    BatchWriter(connection).write([accepted(name, ALL_SAMPLES[name](engine="sol-15m"))])
    row = connection.execute(f"SELECT engine FROM {EVENTS[name].TABLE}".encode()).fetchone()
    assert row == ("sol-15m",)


def test_an_ordinary_plan_needs_no_exact_decoder() -> None:
    plan = {**PLAN, "model_version": "gbm-7", "atr_pct": None}
    data = as_json(published(**plan))
    assert fast_decode("signal_published", data, "1-0", lambda _: NOON) is not None


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("atr_pct", -1, "must be in percent, 0 or more"),
        ("data_quality", "fine", "must be ok, degraded or bad"),
        ("degraded", "yes", "must be true or false"),
        ("entry_low", 0, "must be a price above 0"),
        ("tp2", "NaN", "must be a price above 0"),
        ("track", "x" * 513, "must be true, false, or a text of at most 512 characters"),
        ("entry_type", "iceberg", "must be limit, stop or market"),
        ("engine", 7, "must be a text of at most 512 characters"),
    ],
)
def test_a_new_field_is_refused_by_name(field: str, value: Any, rule: str, settings: Settings) -> None:
    data = as_json(published(**{field: value}))
    assert fast_decode("signal_published", data, "1-0", lambda _: NOON) is None
    with pytest.raises(Exception, match=f"^{field} {rule}"):
        decode("signal_published", data, default_ts=NOON)
    with Emitter(settings, ship=False) as tape:
        assert not tape.published(published(new_id(), **{field: value}))
