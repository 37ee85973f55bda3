"""What the worker's room can do for a person: its status; dead letters listed, shown, sent through again, dropped.

Plain functions for commands, pages and bots alike. Each raises only errors of `signaltape.errors`, each of one line.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from consumer.partitions import keys_beyond
from signaltape.errors import InvalidRequest, NotAllowedNow, NotFound, RedisUnavailable, Unavailable
from signaltape.plain_errors import one_line
from signaltape.redis_client import open_redis
from signaltape.settings import Settings
from sink import dead_letters as letters
from sink.db import Connection, connect, database_url, snapshot
from sink.dead_letters import Filter, Heading, Letter, ReasonCount, Shown, WholeLetter
from sink.plain_errors import plain_errors
from worker.again import Foretold as Foretold  # noqa: PLC0414 - as Status below
from worker.again import as_it_came, foretell
from worker.status import Status as Status  # noqa: PLC0414 - pages show it, and may import no other module
from worker.status import whole_status

#: So many days of stored events and orphans are counted in a status.
STATUS_DAYS = 28
NO_FILTER = Filter()
#: So many letters are a page.
PAGE = 50


class LetterPage(msgspec.Struct, frozen=True):
    """Some of the dead letters that match, newest first."""

    #: all that match, by event and reason, the most first
    counts: list[ReasonCount]
    letters: list[Heading]
    #: what to give as `below` for the next page; None on the last one
    next_below: int | None
    #: how many match in all, and up to which id: for who decides on exactly these
    shown: Shown

    @property
    def total(self) -> int:
        """How many match in all."""
        return self.shown.letters


class Requeued(NamedTuple):
    """What became of letters that were to go through again."""

    #: they are in the stream again, and no dead letters any more
    requeued: int
    #: why each of the others stays
    refused: list[str]


@plain_errors()
def status(settings: Settings, now: datetime, days: int = STATUS_DAYS) -> Status:
    """Lag, pending entries, consumers, journals, and what Postgres holds; of events, those of the last `days`."""
    with (
        open_redis(settings) as client,
        connect(database_url(settings), name="signaltape-status") as connection,
    ):
        return whole_status(client, connection, settings, now, days)


@plain_errors()
def list_dead_letters(
    settings: Settings, which: Filter = NO_FILTER, *, limit: int = PAGE, below: int | None = None
) -> LetterPage:
    """A page of at most `limit` letters that match; `below`: what the page before said."""
    with _connected(settings) as connection, snapshot(connection):
        shown, counts = letters.count(connection, which), letters.counts(connection, which)
        found = letters.listed(connection, which, limit + 1, below)
    page = found[:limit]
    return LetterPage(counts, page, page[-1].id if len(found) > limit else None, shown)


@plain_errors()
def count_dead_letters(settings: Settings, which: Filter = NO_FILTER) -> Shown:
    """How many letters match in all, and up to which id."""
    with _connected(settings) as connection:
        return letters.count(connection, which)


@plain_errors()
def show_dead_letter(settings: Settings, number: int) -> WholeLetter:
    """One letter with its bytes. Raises NotFound."""
    with _connected(settings) as connection:
        found = letters.whole(connection, number)
    if found is None:
        raise NotFound(f"there is no dead letter {number}")
    return found


@plain_errors()
def foretell_dead_letter(settings: Settings, letter: WholeLetter) -> Foretold:
    """What a requeue of this letter would do now. Changes nothing."""
    with _connected(settings) as connection:
        return foretell(connection, letter, settings.stream)


@plain_errors()
def requeue_dead_letters(
    settings: Settings,
    which: Filter,
    *,
    everything: bool = False,
    shown: Shown | None = None,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> Requeued:
    """Put the letters that match back into their streams. What is an event now lands once.

    An entry without a time keeps the time of its first arrival, a record without an id its identity.
    everything: a filter without a condition means all letters, where it is else refused by InvalidRequest.
    shown: what `count_dead_letters` said before: later letters stay, and none is touched (NotAllowedNow) if those up to
    that id are more or fewer by now.
    progress: called with how many went so far; stop: once set, the rest stays.
    Raises RedisUnavailable if Redis is away; then the letters in hand stay, and it says how many went before.
    """
    refuse_no_choice(which, everything=everything)
    refused: list[str] = []
    with (
        _saying_what_went(progress) as note,
        _connected(settings) as connection,
        open_redis(settings) as client,
    ):
        done = letters.take_all(
            connection,
            which,
            lambda few: _add_again(client, settings.stream, few, refused),
            everything=everything,
            shown=shown,
            progress=note,
            stop=stop,
        )
    _refuse_changed(shown, done + len(refused))
    return Requeued(done, refused)


@plain_errors()
def drop_dead_letters(
    settings: Settings,
    which: Filter,
    *,
    everything: bool = False,
    shown: Shown | None = None,
    progress: Callable[[int], None] = lambda _done: None,
    stop: threading.Event | None = None,
) -> int:
    """Delete the letters that match for good; returns how many. Arguments as of `requeue_dead_letters`."""
    refuse_no_choice(which, everything=everything)
    with _saying_what_went(progress) as note, _connected(settings) as connection:
        done = letters.take_all(
            connection,
            which,
            lambda few: few,
            everything=everything,
            shown=shown,
            progress=note,
            stop=stop,
        )
    _refuse_changed(shown, done)
    return done


def refuse_no_choice(which: Filter, *, everything: bool) -> None:
    """Raise InvalidRequest unless it is said which letters are meant."""
    if not everything and which == NO_FILTER:
        raise InvalidRequest("say which: ids, a filter, or --all")


def _refuse_changed(shown: Shown | None, handled: int) -> None:
    """Raise NotAllowedNow if letters were shown and none was taken: by the statement itself, or others hold them."""
    if shown is not None and shown.letters and not handled:
        raise NotAllowedNow(
            f"these are no more the {shown.letters} letters that were shown: nothing was done, look again"
        )


@contextmanager
def _saying_what_went(progress: Callable[[int], None]) -> Iterator[Callable[[int], None]]:
    """A `progress` around `progress`; if a server goes away between two few letters, the error says how many went."""
    went = 0

    def note(done: int) -> None:
        nonlocal went
        went = done
        progress(done)

    try:
        with plain_errors():
            yield note
    except Unavailable as error:
        if went:
            raise type(error)(f"{error} ({went} went, the rest stays)") from None
        if isinstance(error, RedisUnavailable):
            raise RedisUnavailable(f"{error} (the letters stay)") from None
        raise


@contextmanager
def _connected(settings: Settings) -> Iterator[Connection]:
    with connect(database_url(settings), name="signaltape-dead-letters") as connection:
        yield connection


def _add_again(client: Any, stream: str, few: Sequence[Letter], refused: list[str]) -> list[Letter]:
    """Add letters to their partitions of a stream; returns those that went. Why others did not goes to `refused`."""
    read = set(keys_beyond(stream, 0))
    going = [letter for letter in few if letter.stream in read]
    refused += [
        f"SIGNALTAPE_STREAM={stream} has no partition {one.stream}" for one in few if one.stream not in read
    ]
    with client.pipeline(transaction=False) as pipe:
        for letter in going:
            pipe.xadd(letter.stream, as_it_came(letter.entry_id, letter.fields))
        answers = pipe.execute(raise_on_error=False)
    refused += [f"Redis: {one_line(answer)}" for answer in answers if isinstance(answer, Exception)]
    return [
        letter for letter, answer in zip(going, answers, strict=True) if not isinstance(answer, Exception)
    ]
