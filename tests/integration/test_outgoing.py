"""What rooms have to say on the tape: nothing that was undone, everything else once, digit by digit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from signaltape import Emitter, Settings
from signaltape.contract.limits import read_plainly
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.shipping.encoding import EntryEncoder
from sink import outgoing
from sink.db import Connection
from sink.outgoing import Committing, emit_committed
from sink.write.lines import prepare
from sink.write.writer import BatchWriter
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed, new_id

NOON = datetime(2022, 1, 17, 5, 0, 0, 123456, tzinfo=UTC)
_address = EntryEncoder("tape", 1)


@pytest.fixture
def tape(settings: Settings) -> Iterator[Emitter]:
    with Emitter(msgspec.structs.replace(settings, feature_event_logging=True), ship=False) as emitter:
        yield emitter


def journal(tape: Emitter) -> list[tuple[str, bytes]]:
    found = []
    for folder in tape._own:
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        found += [_address(item.frame) for item in reader.read(10_000, 1 << 30)]
        reader.close()
    return [(one.name.decode(), one.data) for one in found]


def waiting(connection: Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM tape_records").fetchone() or (0,)
    return int(count)


def test_what_was_undone_is_not_told_and_what_was_done_is_told_in_its_order(
    connection: Connection, tape: Emitter
) -> None:
    with pytest.raises(ZeroDivisionError), connection.transaction():
        Committing(connection, tape, "ghost").event("ghost_closed", ts=NOON, **closed())
        1 / 0  # noqa: B018
    with connection.transaction():
        out = Committing(connection, tape, "ghost")
        assert out.event(
            "ghost_triggered", ts=NOON, signal_id=new_id(), symbol="S", entry_fill=1, time_to_trigger_ms=1
        )
        assert out.record("price_line", timestamp=NOON, id=new_id(), **RECORD_SAMPLES["price_line"])
    assert journal(tape) == []
    assert emit_committed(connection, tape, "ghost") == 2
    assert {name for name, _ in journal(tape)} == {"ghost_triggered", "price_line"}
    assert (waiting(connection), emit_committed(connection, tape, "ghost")) == (0, 0)


def test_no_digit_and_no_moment_is_lost_on_the_way(connection: Connection, tape: Emitter) -> None:
    fields = {
        **closed(rr_realized=Decimal("1.650000000000")),
        "rr_best": Decimal("1E+2"),
        "note": {"z": 1, "a": [0.10]},
    }
    Committing(connection, tape, "ghost").event("ghost_closed", ts=NOON, **fields)
    emit_committed(connection, tape, "ghost")
    ((name, data),) = journal(tape)
    assert name == "ghost_closed"
    assert b'"rr_realized":1.650000000000' in data
    assert read_plainly(data) == {**fields, "rr_realized": Decimal("1.65"), "note": {"z": 1, "a": [Decimal("0.1")]},
                                  "ts_closed": "2022-01-17T05:00:00.123456Z"}  # fmt: skip


def test_each_room_emits_its_own(connection: Connection, tape: Emitter) -> None:
    for room in ("desk", "ghost", "desk"):
        Committing(connection, tape, room).record("price_line", timestamp=NOON, **_line(room))
    assert emit_committed(connection, tape, "ghost") == 1
    assert [msgspec.json.decode(data)["label"] for _, data in journal(tape)] == ["ghost"]
    assert emit_committed(connection, tape, "desk") == 2


def _line(label: str) -> dict[str, Any]:
    return {**RECORD_SAMPLES["price_line"], "id": new_id(), "label": label}


def test_a_death_amid_it_makes_a_duplicate_and_no_second_row(
    connection: Connection, tape: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(place: str) -> None:
        assert place == "ghost.emitted"
        raise KeyboardInterrupt

    Committing(connection, tape, "ghost").event("ghost_closed", ts=NOON, **closed())
    Committing(connection, tape, "ghost").record("price_line", timestamp=NOON, **_line("once"))
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(outgoing, "failpoint", die)
        emit_committed(connection, tape, "ghost")
    assert waiting(connection) == 2
    emit_committed(connection, tape, "ghost")
    entries = [
        Entry("t:{0}", f"1642395600000-{n}", [b"event", name.encode(), b"data", data])
        for n, (name, data) in enumerate(journal(tape), 1)
    ]
    assert len(entries) == 4
    outcome = BatchWriter(connection).write_prepared(prepare(decode_entries(entries)))
    assert (outcome.stored, outcome.duplicates, outcome.conflicts) == (2, 2, 0)
    assert connection.execute("SELECT count(*) FROM ghost_closures").fetchone() == (1,)


def test_what_the_contract_refuses_holds_nothing_up(connection: Connection, tape: Emitter) -> None:
    out = Committing(connection, tape, "ghost")
    out.event("ghost_closed", ts=NOON, **closed(exit_reason="bored"))
    out.event("ghost_closed", ts=NOON + timedelta(seconds=1), **closed())
    assert emit_committed(connection, tape, "ghost") == 2
    assert (len(journal(tape)), tape.stats()["refused"]) == (1, 1)


def test_where_nothing_is_recorded_nothing_is_written_down(connection: Connection, tmp_path: Path) -> None:
    with Emitter(Settings(feature_event_logging=False, home=tmp_path)) as off:
        assert not Committing(connection, off, "ghost").event("ghost_closed", ts=NOON, **closed())
        assert emit_committed(connection, off, "ghost") == 0
    assert waiting(connection) == 0


def test_what_no_journal_takes_waits_whoever_else_is_refused_meanwhile(
    connection: Connection, tape: Emitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread's event, at the same Emitter."""

    def full(*_: object, **__: object) -> bool:
        assert not Emitter.event(tape, "ghost_closed", {"exit_reason": "bored"})
        return False

    Committing(connection, tape, "ghost").event("ghost_closed", ts=NOON, **closed())
    with monkeypatch.context() as patched:
        patched.setattr(tape, "event", full)
        assert emit_committed(connection, tape, "ghost") == 0
    assert (waiting(connection), emit_committed(connection, tape, "ghost")) == (1, 1)
