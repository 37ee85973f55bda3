"""How many events a span holds, counted before a session is built of it: quickly, or not at all."""

from __future__ import annotations

import msgspec

from replay.sessions.sources import ArchiveSource, Span
from signaltape.plain_errors import one_line
from signaltape.settings import Settings
from sink.db import DatabaseError, connect, database_url
from sink.history import counted

#: A person waits for it.
_WITHIN_MS = 4000
#: Reading more of an archive than this takes longer.
_MOST_BYTES = 64 * 1024 * 1024


class Preview(msgspec.Struct, frozen=True):
    """What is known of a span. counts: by source, then by group; unknown: what could not be counted, in words."""

    counts: dict[str, dict[str, int]]
    unknown: list[str]

    @property
    def total(self) -> int | None:
        """As many as the fullest source holds; None if none was counted."""
        return max((sum(found.values()) for found in self.counts.values()), default=None)


def preview(settings: Settings, span: Span) -> Preview:
    """Count what Postgres and the archive hold of a span."""
    counts: dict[str, dict[str, int]] = {}
    unknown = []
    if settings.database_url is not None:
        try:
            counts["postgres"] = _stored(settings, span)
        except DatabaseError as error:
            unknown.append(f"Postgres did not count them: {one_line(error)}")
    archive = ArchiveSource(settings.data)
    if archive.exists:
        if archive.size_bytes(span) <= _MOST_BYTES:
            counts["archive"] = dict(archive.count(span))
        else:
            unknown.append("the archive holds too much of these days to be counted in passing")
    return Preview(counts, unknown)


def _stored(settings: Settings, span: Span) -> dict[str, int]:
    with connect(database_url(settings), name="signaltape-preview") as connection:
        symbols, types = sorted(span.symbols), sorted(span.types)
        return counted(connection, span.since, span.until, symbols, types, within_ms=_WITHIN_MS)
