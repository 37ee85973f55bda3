"""The list of cases: what is done to a stage before a person looks at the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.drill.stage import Stage

Harm = Callable[[Stage], None]
Check = Callable[[Stage], Iterator[str]]


def nothing(_stage: Stage) -> None:
    """Nothing is made ready."""


def no_check(_stage: Stage) -> Iterator[str]:
    """Nothing is looked at besides the count."""
    yield from ()


class Case(NamedTuple):
    """A case by its section of the page.

    harm: what happens, under load. rules: of guard, of which one rings then. afterwards: guard's messages lie in what
    is away, so it can only tell once that is back; else nobody acts before it has told. prepare: before the load
    begins. check: what is wrong in the end, besides what is counted of every case. units: processes that run.
    """

    name: str
    harm: Harm
    rules: tuple[str, ...]
    afterwards: bool
    prepare: Harm
    check: Check
    units: tuple[str, ...]


CASES: dict[str, Case] = {}

_ALWAYS = ("signaltape-ship", "signaltape-worker", "signaltape-archiver", "signaltape-guard")


def case(
    *rules: str,
    afterwards: bool = False,
    prepare: Harm = nothing,
    check: Check = no_check,
    units: tuple[str, ...] = (),
) -> Callable[[Harm], Harm]:
    """Register a function as what happens in a case, under its own name with dashes."""

    def register(harm: Harm) -> Harm:
        name = harm.__name__.replace("_", "-")
        CASES[name] = Case(name, harm, rules, afterwards, prepare, check, (*_ALWAYS, *units))
        return harm

    return register
