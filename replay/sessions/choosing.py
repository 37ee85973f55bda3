"""Which source a session is built from: the one that holds most of the span; and what it lacks, in words."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import redis

from consumer.partitions import streams_beyond
from replay.sessions.sources import ArchiveSource, PostgresSource, Source, Span, StreamSource
from signaltape.errors import SettingsError
from signaltape.plain_errors import one_line
from signaltape.redis_client import open_redis
from signaltape.settings import Settings
from signaltape.stream import stream_keys
from sink.db import DatabaseError, connect, database_url

#: In this order where they hold equally many: the first two keep every byte as it was sent.
SOURCES = ("stream", "archive", "postgres")
_AWAY = (redis.RedisError, DatabaseError, sqlite3.Error, OSError)


class Choice(NamedTuple):
    """The source that was chosen.

    found: how many events of the span each source holds, of those that were asked; missing: what the chosen one
    lacks or may lack, in words.
    """

    source: Source
    found: dict[str, int]
    missing: list[str]


@contextmanager
def chosen(settings: Settings, wanted: str | None, span: Span) -> Iterator[Choice]:
    """The source that was asked for, or else the one with most of the span, with what it needs open.

    Raises SettingsError if there is none; what the source raises, if the only one that there is cannot be read.
    """
    with ExitStack() as stack:
        if wanted is not None:
            source = stack.enter_context(_opened(settings, wanted))
            yield Choice(source, {}, [*source.gaps(span), "the other sources were not asked"])
            return
        counts: dict[Source, Counter[str]] = {}
        errors: dict[str, Exception] = {}
        for name in _names(settings):
            try:
                source = stack.enter_context(_opened(settings, name))
                counts[source] = source.count(span)
            except _AWAY as error:
                errors[name] = error
        if not counts:
            raise next(iter(errors.values()))
        best = max(counts, key=lambda one: counts[one].total())  # the first of several
        unknown = [f"{name} could not be asked: {one_line(error)}" for name, error in errors.items()]
        missing = [*lacking({one.name: count for one, count in counts.items()}, best.name), *unknown]
        if len(counts) == 1 or missing:  # else nothing tells that its gaps ever held anything
            missing += best.gaps(span)
        yield Choice(best, {one.name: count.total() for one, count in counts.items()}, missing)


def lacking(counts: dict[str, Counter[str]], best: str) -> list[str]:
    """Where another source holds more of a group than the chosen one. Pure."""
    return [
        f"{group}: {counts[best][group]} of at least {count[group]}, which {name} holds"
        for name, count in counts.items()
        for group in sorted(count)
        if count[group] > counts[best][group]
    ]


def _names(settings: Settings) -> Sequence[str]:
    """The sources that are there. An archive is, if its folder is."""
    there = {
        "stream": settings.redis_url is not None,
        "archive": ArchiveSource(settings.data).exists,
        "postgres": settings.database_url is not None,
    }
    names = [name for name in SOURCES if there[name]]
    if not names:
        raise SettingsError("nothing to build from: set REDIS_URL, SIGNALTAPE_DATA or DATABASE_URL")
    return names


def all_keys(client: Any, settings: Settings) -> list[str]:
    """The keys of all partitions, those beyond the number that is set included. Raises redis.RedisError."""
    stream, partitions = settings.stream, settings.partitions
    return [*stream_keys(stream, partitions), *streams_beyond(client, stream, partitions)]


@contextmanager
def _opened(settings: Settings, name: str) -> Iterator[Source]:
    if name == "archive":
        yield ArchiveSource(settings.data)
    elif name == "stream":
        with open_redis(settings) as client:
            yield StreamSource(client, all_keys(client, settings))
    else:
        with connect(database_url(settings), name="signaltape-replay") as connection:
            yield PostgresSource(connection)
