"""A Redis that was emptied, or fell back, gives an id a second time: what it names then is another entry."""

from __future__ import annotations

from datetime import UTC, datetime

from consumer.accepted import DeadLetter
from sink.counters import read
from sink.db import Connection
from sink.write.writer import BatchWriter

NOON = datetime(2022, 1, 17, 5, 0, tzinfo=UTC)


def letter(raw: bytes) -> DeadLetter:
    return DeadLetter("test:{0}", "1642376400000-0", "signal_published", raw, b"", "no signal_id", NOON)


def test_another_entry_of_the_same_id_becomes_a_dead_letter_too_and_the_same_one_does_not(
    connection: Connection,
) -> None:
    writer = BatchWriter(connection)
    for raw in (b"{}", b"[]", b"{}"):
        writer.write([], [letter(raw)])
    rows = connection.execute("SELECT raw FROM dead_letters ORDER BY raw").fetchall()
    assert [row[0] for row in rows] == [b"[]", b"{}"]
    assert read(connection).dead_letters_kept == 2
