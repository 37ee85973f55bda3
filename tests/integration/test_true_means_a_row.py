"""Whatever an engine emits: True means a row with that content, and False means that nothing of it is anywhere."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from signaltape import Emitter, Settings
from signaltape.contract.codec import write_json
from signaltape.contract.events import EVENTS
from signaltape.contract.records import RECORDS
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.shipping.encoding import EntryEncoder
from sink.db import Connection
from sink.write.lines import prepare
from sink.write.writer import BatchWriter
from tests.support.odd_events import odd_events
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed, new_id, published, triggered

pytestmark = pytest.mark.deep

_address = EntryEncoder("tape", 1)
_numbers = itertools.count(1)


class Way:
    """The way from emit to Postgres, in one process and without waiting."""

    def __init__(self, home: Path, connection: Connection) -> None:
        self.emitter = Emitter(Settings(feature_event_logging=True, home=home), ship=False)
        self._connection = connection
        self._writer = BatchWriter(connection)
        self._readers: list[JournalReader] = []

    def emit(self, name: str, fields: dict[str, Any]) -> bool:
        if name in EVENTS:
            return self._method(name)(fields)
        return self.emitter.record(name, fields)

    def _method(self, name: str) -> Callable[[dict[str, Any]], bool]:
        return getattr(self.emitter, name.removeprefix("signal_"), partial(self.emitter.event, name))

    def land(self) -> tuple[int, list[str], list[tuple[str, dict[str, Any]]]]:
        """Write what was emitted: how many went, the reasons of dead letters, and what stood on the wire."""
        while len(self._readers) < len(self.emitter._own):
            self._readers.append(
                JournalReader(self.emitter._own[len(self._readers)], JournalPosition(0, 0, 0))
            )
        frames = [item.frame for reader in self._readers for item in reader.read(100_000, 1 << 30)]
        sent = [_address(frame) for frame in frames]
        entries = [
            Entry(one.key, f"1642376400000-{next(_numbers)}", [b"event", one.name, b"data", one.data])
            for one in sent
        ]
        batch = decode_entries(entries)
        with self._connection.transaction(force_rollback=False):
            self._writer.write_prepared(prepare(batch))
        reasons = self._connection.execute(
            "SELECT reason || ': ' || left(encode(raw, 'escape'), 300) FROM dead_letters"
        )
        return (
            len(entries),
            [row[0] for row in reasons.fetchall()],
            [(one.name.decode(), _exactly(one.data)) for one in sent],
        )

    def stored(self) -> list[Any]:
        """The payloads of all rows, numbers exact."""
        rows = self._connection.execute(
            "SELECT payload::text FROM signal_events UNION ALL SELECT payload::text FROM records"
        )
        return [_exactly(row[0]) for row in rows.fetchall()]

    def details(self) -> int:
        (count,) = self._connection.execute(
            "SELECT (SELECT count(*) FROM signals) + (SELECT count(*) FROM signal_triggers)"
            " + (SELECT count(*) FROM signal_invalidations) + (SELECT count(*) FROM signal_closures)"
            " + (SELECT count(*) FROM ghost_triggers) + (SELECT count(*) FROM ghost_invalidations)"
            " + (SELECT count(*) FROM ghost_closures)"
            " + (SELECT count(*) FROM records)"
        ).fetchone() or (0,)
        return int(count)

    def clear(self) -> None:
        self._connection.execute(
            "TRUNCATE signal_events, signals, signal_triggers, signal_invalidations, signal_closures, signal_layers,"
            " ghost_triggers, ghost_invalidations, ghost_closures,"
            " records, dead_letters"
        )

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
        self.emitter.close()


@pytest.fixture
def way(tmp_path: Path, connection: Connection) -> Iterator[Way]:
    way = Way(tmp_path, connection)
    yield way
    way.close()


def _exactly(text: str | bytes) -> Any:
    return json.loads(text, parse_float=_number, parse_int=_number)


def _number(text: str) -> str:
    """A number as Postgres says it: 1E+2 and 100.0 are one, and so are zero and minus zero."""
    plain = f"{Decimal(text):f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return f"number {'0' if plain == '-0' else plain}"


def _in_order(payloads: list[Any]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for one in payloads)


# Without shrinking: each try is a transaction, and the message names the content.
@settings(max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(odd_events(EVENTS, RECORDS), min_size=20, max_size=60))  # type: ignore[arg-type]
def test_what_emit_accepts_is_a_row_with_its_content(way: Way, odd: list[tuple[str, dict[str, Any]]]) -> None:
    way.clear()
    accepted = 0
    for name, fields in odd:
        if "signal_id" in fields and fields["signal_id"].__class__ is str:
            fields["signal_id"] = new_id()  # else the second would be a duplicate of the first
        accepted += way.emit(name, fields)
    sent, dead, written = way.land()
    assert (sent, dead) == (accepted, [])
    assert _in_order(way.stored()) == _in_order([content for _, content in written])
    assert way.details() == accepted


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("order_log", {**RECORD_SAMPLES["order_log"], "id": "ord-1"}),
        ("signal_published", published(layers={"x" * 2800: True})),
        ("signal_closed", closed(ts_closed="2022-01-17T09:30:00+18:00")),
        ("state_event", {**RECORD_SAMPLES["state_event"], "timestamp": "2022-01-17T09:30:00+18:00"}),
        ("signal_published", published(more={"deep": [Decimal("1e200000")]})),
        ("signal_published", published(more=10**4000)),
        ("signal_closed", closed(rr_realized=Decimal("1E-20000"))),
        ("signal_published", published(rr=Decimal("1." + "1" * 20_000))),
        ("signal_published", published(layers={"smc": {"match": True, "weight": "1e200000"}})),
        ("signal_published", published(confluence_score="1e-20000")),
        ("market_trade", {**RECORD_SAMPLES["market_trade"], "more": Decimal("1E-20000")}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_postgres_cannot_take_is_refused_by_emit_already(
    way: Way, name: str, fields: dict[str, Any]
) -> None:
    assert way.emit(name, fields) is False
    assert way.land()[:2] == (0, [])


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("order_log", {**RECORD_SAMPLES["order_log"], "id": None}),
        ("order_log", {**RECORD_SAMPLES["order_log"], "id": ""}),
        ("signal_triggered", triggered(time_to_trigger_ms=30.0)),
        ("signal_triggered", triggered(time_to_trigger_ms=Decimal("9007199254740993.0"))),
        ("signal_published", published(expiry_minutes=30.0, ts_published=1_642_376_400_123)),
        ("signal_closed", closed(ts=1_642_376_400_123.0)),
        ("signal_published", published(layers={"é" * 512: True})),
        ("signal_closed", closed(ts_closed="2022-01-17T09:30:00+15:59")),
        ("signal_closed", closed(ts_closed="1970-01-01T00:00:00+15:59")),
        ("signal_published", published(more=[Decimal("1e1099"), Decimal("1e-1099"), 5e-324, -0.0])),
        ("scoring_snapshot", {"more": 1e308, "timestamp": 1_642_376_400_123.5}),
        ("risk_snapshot", {"account": {"equity": Decimal("1e350")}}),
        (
            "signal_published",
            published(layers={"smc": {"match": True, "value": Decimal("0.12345678901234567890123")}}),
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_odd_but_meant_is_accepted_and_stored(way: Way, name: str, fields: dict[str, Any]) -> None:
    assert way.emit(name, fields) is True
    sent, dead, written = way.land()
    assert (sent, dead) == (1, [])
    assert _in_order(way.stored()) == _in_order([written[0][1]])


@settings(max_examples=20, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(odd_events(EVENTS, RECORDS), min_size=20, max_size=60))  # type: ignore[arg-type]
def test_what_the_worker_accepts_of_any_producer_postgres_takes(
    connection: Connection, odd: list[tuple[str, dict[str, Any]]]
) -> None:
    entries = []
    for name, fields in odd:
        fields = {**fields, "signal_id": new_id()} if name in EVENTS else fields
        with suppress(Exception):  # what cannot even be written down
            data = write_json(fields)
            entries.append(
                Entry("s:{0}", f"1642376400000-{next(_numbers)}", [b"event", name.encode(), b"data", data])
            )
    batch = decode_entries(entries)
    outcome = BatchWriter(connection).write_prepared(prepare(batch))
    assert outcome.dead == len(batch.dead), "none that only Postgres rejects"
    assert outcome.stored == len(batch.accepted) + len(batch.records)


def test_a_layers_value_is_stored_to_the_last_digit(way: Way, connection: Connection) -> None:
    exact = "0.12345678901234567890123"
    assert way.emit("signal_published", published(layers={"smc": {"match": True, "value": Decimal(exact)}}))
    way.land()
    assert connection.execute("SELECT value::text FROM signal_layers").fetchone() == (exact,)


def test_times_and_whole_numbers_in_the_forms_of_javascript_are_stored_exactly(
    way: Way, connection: Connection
) -> None:
    assert way.emit(
        "signal_triggered", triggered(ts_triggered=1_642_376_400_123, time_to_trigger_ms=420_000.0)
    )
    assert way.emit(
        "signal_triggered",
        triggered(ts=1_642_376_400_123.456, time_to_trigger_ms=Decimal("9007199254740993.0")),
    )
    way.land()
    rows = connection.execute(
        "SELECT to_char(ts_triggered AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), time_to_trigger_ms"
        " FROM signal_triggers ORDER BY 2"
    ).fetchall()
    assert rows == [
        ("2022-01-16 23:40:00.123000", 420_000),
        ("2022-01-16 23:40:00.123456", 9_007_199_254_740_993),
    ]
