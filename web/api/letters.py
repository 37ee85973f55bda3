"""`/api/dead-letters`: the same lists as the page's, and the same guard for what is requeued or dropped."""

from __future__ import annotations

import msgspec
from aiohttp import web

from sink.dead_letters import Filter, Shown, WholeLetter
from web.api.asked import body_of
from web.api.json import as_json
from web.api.upkeep_shapes import DeadLetterPage, LettersTaken, LettersToTake, WholeDeadLetter
from web.asked import number_in
from web.asking import asked
from web.http.problems import Problem
from web.letters import letters_of
from web.pages.quality import letter_number
from web.plain_bytes import visible
from web.shared import SETTINGS
from web.taking import take
from web.writing import writer_of
from worker.operations import (
    Foretold,
    count_dead_letters,
    foretell_dead_letter,
    list_dead_letters,
    show_dead_letter,
)

LIMIT, MOST = 50, 500


def add_addresses(app: web.Application) -> None:
    """Where these calls stand."""
    add = app.router
    add.add_get("/api/dead-letters", some)
    add.add_post("/api/dead-letters/requeue", requeue)
    add.add_post("/api/dead-letters/drop", drop)
    add.add_get("/api/dead-letters/{number}", one)


async def some(request: web.Request) -> web.Response:
    """A page of dead letters."""
    which, below = letters_of(request.query).which, number_in(request.query, "below")
    limit = number_in(request.query, "limit", 1, MOST) or LIMIT
    settings = request.app[SETTINGS].reading
    found = await asked(list_dead_letters, settings, which, limit=limit, below=below)
    return as_json(DeadLetterPage(*_exactly(found.shown), found.counts, found.letters, found.next_below))


async def one(request: web.Request) -> web.Response:
    """One dead letter."""
    settings = request.app[SETTINGS].reading
    letter = await asked(show_dead_letter, settings, letter_number(request))
    return as_json(_whole(letter, await asked(foretell_dead_letter, settings, letter)))


async def requeue(request: web.Request) -> web.Response:
    """Send them through again."""
    return await _take(request, "requeue")


async def drop(request: web.Request) -> web.Response:
    """Delete them for good."""
    return await _take(request, "drop")


async def _take(request: web.Request, way: str) -> web.Response:
    writer = writer_of(request, "admin")
    body = await body_of(request, LettersToTake, scope="admin")
    settings, which = request.app[SETTINGS].common, _which(body)
    up_to, ids_sum = body.up_to, body.ids_sum
    if up_to is None:
        now = await asked(count_dead_letters, settings, which)
        up_to, ids_sum = now.up_to, now.ids_sum if ids_sum is None else ids_sum
    shown = Shown(body.expected, up_to, ids_sum)
    said = ", ".join(f"{name}={value}" for name, value in which._asdict().items() if value is not None)
    async with writer.noting(f"{way} {shown.letters} dead letters up to {up_to}: {said or 'all'}") as noted:
        taken = await take(settings, way, which, shown, everything=which == Filter())
        noted.outcome = taken.said
    return as_json(LettersTaken(taken.done, taken.refused, taken.untouched))


def _exactly(shown: Shown) -> tuple[int, int, int]:
    return shown.letters, shown.up_to, shown.ids_sum or 0


def _which(body: LettersToTake) -> Filter:
    """What is meant. Raises Problem unless it is said in one of the two ways."""
    if (body.ids is None) == (body.filter is None):
        raise Problem(400, "ids, filter: one of the two; an empty filter means all")
    if body.filter is None:
        return Filter(ids=sorted(set(body.ids or ())))
    given = msgspec.structs.asdict(body.filter)
    return letters_of({name: value for name, value in given.items() if value is not None}).which


def _whole(letter: WholeLetter, foretold: Foretold) -> WholeDeadLetter:
    fields = {_plain(name): _plain(value) for name, value in letter.fields.items()}
    return WholeDeadLetter(
        letter.id,
        letter.stream,
        letter.entry_id,
        letter.event,
        letter.reason,
        letter.raw,
        _text(letter.raw),
        fields,
        letter.entry_ts,
        letter.received_at,
        foretold,
    )


def _plain(raw: bytes) -> str:
    return visible(raw.decode("utf-8", "backslashreplace"))


def _text(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
