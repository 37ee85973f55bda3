"""The pages, in the order of the navigation, each with the letter that leads to it (`g`, then the letter)."""

from __future__ import annotations

from typing import NamedTuple

from aiohttp import web


class Destination(NamedTuple):
    """A page that one can go to. says: what it is for, in a few words."""

    address: str
    name: str
    letter: str
    says: str


#: In the bottom bar of a phone; the others are behind More there.
FIRST = (
    Destination("/", "Overview", "o", "is the score working, what is happening, is anything broken"),
    Destination("/score", "Score", "c", "the scorecard of a week"),
    Destination("/signals", "Signals", "s", "all signals, by any id or word"),
    Destination("/replay", "Replay", "r", "play an hour again"),
)
MORE = Destination("/more", "More", "m", "all pages, all keys")
BEHIND = (
    Destination("/ghosts", "Ghosts", "p", "paper orders: what plans came to, followed bar by bar"),
    Destination(
        "/quality", "Quality", "q", "what could not be stored, came twice, or came without its beginning"
    ),
    Destination("/messages", "Messages", "t", "what was sent to Telegram, and what was not"),
    Destination("/rules", "Rules", "u", "weights: proposed, accepted, tried out"),
    Destination("/slo", "Objectives", "b", "error budgets, alerts, every rule with its value now"),
    Destination("/health", "Health", "h", "stations, partitions, journals, versions"),
    Destination("/api", "API", "a", "every call, for programs"),
)


class Navigation(NamedTuple):
    """What the navigation of a page shows. path: of the page; section: the page that it belongs to."""

    path: str
    section: str
    first: list[Destination]
    behind: list[Destination]

    @property
    def all(self) -> list[Destination]:
        """All pages, and the one that lists them."""
        return [*self.first, *self.behind, MORE]

    @property
    def is_behind(self) -> bool:
        """Whether the page is reached by More."""
        return self.section in {MORE.address, *(one.address for one in BEHIND)}


def navigation(request: web.Request) -> Navigation:
    """The pages that this application has."""
    there = {resource.canonical for resource in request.app.router.resources()}
    return Navigation(
        request.path,
        "/" + request.path.split("/")[1],
        [one for one in FIRST if one.address in there],
        [one for one in BEHIND if one.address in there],
    )
