"""Everything stored of a span of time, events and records, for replays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from signaltape.contract.limits import MAX_EVENT_BYTES
from sink.db import Connection
from sink.queries import own

_SQL = own("history")
_READING = own("reading")
_CHUNK = 5000
#: Shorter than this (in characters of up to 4 bytes) a payload surely is short enough.
_ROOMY = MAX_EVENT_BYTES // 4


def stored(
    connection: Connection, since: datetime, until: datetime
) -> Iterator[tuple[str, str, datetime, str]]:
    """Events and records with since <= ts < until: name, id, time, payload as JSON. Raises psycopg.Error.

    A payload that was accepted with little to spare is given without the blanks that jsonb writes: with them it would
    be refused where it is played back.
    """
    with connection.transaction(), connection.cursor(name="history") as rows:
        rows.itersize = _CHUNK
        rows.execute(_SQL["stored"], {"since": since, "until": until})
        for name, one_id, ts, payload in rows:
            yield name, one_id, ts, payload if len(payload) < _ROOMY else _without_blanks(payload)


def _without_blanks(payload: str) -> str:
    return msgspec.json.format(payload, indent=-1)


def counted(
    connection: Connection,
    since: datetime,
    until: datetime,
    symbols: Sequence[str],
    types: Sequence[str],
    *,
    within_ms: int | None = None,
) -> dict[str, int]:
    """How many events and records with since <= ts < until there are, by class. Raises psycopg.Error.

    symbols, types: only of these; all of them if empty. within_ms: it must not take longer; the session is then one for
    reading in short.
    """
    if within_ms is not None:
        connection.execute(_READING["short"], {"ms": str(within_ms)})
    chosen = {"since": since, "until": until, "symbols": list(symbols), "types": list(types)}
    return {name: number for name, number in connection.execute(_SQL["counted"], chosen).fetchall() if number}
