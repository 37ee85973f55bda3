"""The entry of a dead letter put together again, and what would become of it now. Nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from consumer.accepted import Accepted
from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from consumer.partitions import keys_beyond
from signaltape.plain_errors import one_line
from signaltape.stream import FIELD_DATA, FIELD_FIRST_ENTRY_ID
from sink.db import Connection, DataError
from sink.dead_letters import WholeLetter, stands


class Foretold(msgspec.Struct, frozen=True):
    """What a requeue would do to a letter now. says: a sentence, with the reason if it would not be stored."""

    stored: bool
    says: str


def as_it_came(entry_id: str, fields: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The entry's fields, and the id that it first had: else the time and, of a record, the identity would be new."""
    return {FIELD_FIRST_ENTRY_ID: entry_id.encode(), **fields}


def foretell(connection: Connection, letter: WholeLetter, stream: str) -> Foretold:
    """Decode it again by today's contract, and look whether it is stored already. stream: SIGNALTAPE_STREAM.

    Raises psycopg.Error.
    """
    if letter.stream not in keys_beyond(stream, 0):
        return Foretold(False, f"It would stay: SIGNALTAPE_STREAM={stream} has no partition {letter.stream}.")
    batch = decode_entries([_entry(letter)])
    if batch.dead:
        return Foretold(False, f"It would come back: {batch.dead[0].reason}")
    if batch.accepted:
        return _as_event(connection, batch.accepted[0])
    return Foretold(True, f"It would be stored, as {batch.records.names[0]}.")


def _entry(letter: WholeLetter) -> Entry:
    data = {FIELD_DATA: letter.raw} if letter.raw else {}
    fields = as_it_came(letter.entry_id, {**letter.fields, **data})
    return Entry(letter.stream, letter.entry_id, [part for pair in fields.items() for part in pair])


def _as_event(connection: Connection, one: Accepted) -> Foretold:
    try:
        same = stands(connection, one.decoded.signal_id, one.name, one.payload)
    except DataError as error:
        return Foretold(False, f"It would come back: Postgres: {one_line(error)}")
    if same is None:
        return Foretold(True, f"It would be stored, as {one.name}.")
    if same:
        return Foretold(False, f"It would be dropped as a duplicate: this {one.name} is stored already.")
    return Foretold(False, f"It would be kept as a conflict: another {one.name} of its signal is stored.")
