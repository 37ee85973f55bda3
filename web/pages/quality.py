"""Quality: what could not become an event, and why; one letter with its bytes, and what a requeue would do now."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from sink.pool import one
from sink.queries import own
from web.asked import number_in, number_of
from web.asking import asked
from web.http.access import WHO
from web.http.problems import Problem
from web.letters import Letters, letters_of
from web.plain_bytes import brief, shown, visible
from web.rendering import page
from web.shared import READING, SETTINGS
from worker.operations import PAGE, foretell_dead_letter, list_dead_letters, show_dead_letter

_SQL = own("quality")
#: So many kinds of letters are told.
_MOST_KINDS = 30
TABS = (
    ("dead_letters", "Dead letters", "/quality"),
    ("conflicts", "Conflicts", "/quality/conflicts"),
    ("orphans", "Orphans", "/quality/orphans"),
    ("duplicates", "Duplicates", "/quality/duplicates"),
)


async def show(request: web.Request) -> web.Response:
    """Dead letters, newest first, with what they have in common."""
    letters, below = letters_of(request.query), number_in(request.query, "below")
    found = await asked(
        list_dead_letters, request.app[SETTINGS].reading, letters.which, limit=PAGE, below=below
    )
    return page(
        request,
        "quality.html",
        "Quality",
        letters=letters,
        found=found,
        kinds=found.counts[:_MOST_KINDS],
        of_kind=_addresses(letters, [(one.event, one.reason) for one in found.counts[:_MOST_KINDS]]),
        backlog=await backlog_of(request.app),
        tabs=TABS,
        following=_following(letters, found.next_below),
        may_write=request[WHO].may("admin"),
        brief=brief,
        visible=visible,
    )


async def show_letter(request: web.Request) -> web.Response:
    """One dead letter."""
    settings = request.app[SETTINGS].reading
    letter = await asked(show_dead_letter, settings, letter_number(request))
    return page(
        request,
        "letter.html",
        f"Dead letter {letter.id}",
        letter=letter,
        foretold=await asked(foretell_dead_letter, settings, letter),
        raw=shown(letter.raw),
        fields=[(shown(name).text, shown(value).text) for name, value in letter.fields.items()],
        may_write=request[WHO].may("admin"),
        visible=visible,
    )


async def download(request: web.Request) -> web.Response:
    """The bytes of a letter as a file: never as anything that a browser would open."""
    letter = await asked(show_dead_letter, request.app[SETTINGS].reading, letter_number(request))
    name = f"dead-letter-{letter.id}.bin"
    return web.Response(
        body=letter.raw,
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def letter_number(request: web.Request) -> int:
    """The number in the address. Raises Problem."""
    number = number_of(request.match_info["number"])
    if number is None:
        raise Problem(404, "A dead letter has a number.")
    return number


async def backlog_of(app: web.Application) -> dict[str, int]:
    """How many there are of each, of all times; orphans are not counted, that takes longer."""
    async with app[READING].read() as session:
        return await one(session, _SQL["backlog"]) or {}


def _following(letters: Letters, below: int | None) -> str | None:
    return f"/quality?{urlencode([*letters.given, ('below', str(below))])}" if below is not None else None


def _addresses(letters: Letters, kinds: list[tuple[str | None, str]]) -> list[str]:
    """Where the letters of each kind are listed: those whose reason holds what they have in common."""
    return [
        letters._replace(event=event or letters.event, reason=reason[:200]).address for event, reason in kinds
    ]
