"""A batch made ready for COPY: all text in place, so that its transaction does nothing but send it.

Pure; the worker does this in the thread that decodes, while Postgres works on the batch before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from consumer.accepted import Accepted
from consumer.decoding.decode import Batch
from sink.write.record_rows import RecordBlock, make_record_block
from sink.write.rows import (
    DETAIL,
    EVENT_COLUMNS,
    LAYER_COLUMNS,
    LAYER_TABLE,
    Table,
    block,
    event_line,
    layer_lines,
    moment,
)


class Lines(Struct, frozen=True, gc=False):
    """One event in COPY's format: for the event store, for its detail table, and for the layers it names."""

    entry: Accepted
    event: str
    detail: str
    layers: list[str]


class Block(NamedTuple):
    """The data of one COPY."""

    table: str
    columns: tuple[str, ...]
    data: bytes


class Prepared(NamedTuple):
    """A batch with its lines, and the same as blocks: event store first, then detail tables, then layers."""

    batch: Batch
    lines: list[Lines]
    blocks: list[Block]
    records: RecordBlock | None

    @property
    def ids(self) -> dict[str, list[str]]:
        """What to acknowledge once it is committed."""
        return self.batch.ids

    @property
    def size(self) -> int:
        """How many entries it holds."""
        return self.batch.size


def prepare(batch: Batch) -> Prepared:
    """Make a batch ready for COPY."""
    lines = make_lines(batch.accepted)
    records = make_record_block(batch.records) if batch.records else None
    return Prepared(batch, lines, make_blocks(lines), records)


def make_lines(accepted: Sequence[Accepted]) -> list[Lines]:
    """The lines of events, in their order."""
    lines = []
    for entry in accepted:
        decoded = entry.decoded
        ts = moment(decoded.ts)
        detail = DETAIL[entry.name].line(decoded, ts)
        lines.append(Lines(entry, event_line(entry, ts), detail, layer_lines(decoded)))
    return lines


def make_blocks(lines: Sequence[Lines]) -> list[Block]:
    """The blocks of lines, always in the same order of tables: two workers then lock in the same order."""
    if not lines:
        return []
    blocks = [Block("signal_events", EVENT_COLUMNS, block(line.event for line in lines))]
    details: defaultdict[str, list[str]] = defaultdict(list)
    layers: list[str] = []
    for line in lines:
        details[line.entry.name].append(line.detail)
        layers += line.layers
    blocks += [
        Block(table.name, table.columns, block(details[name]))
        for name, table in DETAIL.items()
        if name in details
    ]
    if layers:
        blocks.append(Block(LAYER_TABLE, LAYER_COLUMNS, block(layers)))
    return blocks


def by_table(lines: Sequence[Lines]) -> dict[Table, list[tuple[int, Lines]]]:
    """Lines by detail table with their positions, in the same order of tables."""
    tables: defaultdict[Table, list[tuple[int, Lines]]] = defaultdict(list)
    for position, line in enumerate(lines):
        tables[DETAIL[line.entry.name]].append((position, line))
    return {table: tables[table] for table in DETAIL.values() if table in tables}
