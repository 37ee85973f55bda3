"""In which order things may have happened within one bar: the worse order for whoever is in, and the better one.

WHOLE: the position was open from the bar's open on. What the open itself decides is certain; behind it the stop may
have come before the target, or the target before the stop.
FALLEN_INTO: a limit that the price came down to. The stop lies behind it, so it was reached afterwards; a target may
have been reached before the entry only.
RISEN_INTO: a stop order that the price rose to. The targets lie behind it; the stop may have been reached before.
`added`: what a coarse bar adds to finer ones, for a position that changed within it: all of it may have been before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from ghost.model.views import View
from ghost.model.world import Leaving, World

Step = Callable[[Leaving, World], World]
_OPEN, _STOP, _TARGETS = Leaving.by_open, Leaving.by_stop, Leaving.by_targets


class Orders(NamedTuple):
    """The two orders of things; and which ends of the bar surely lie within the time of a position that stays open."""

    worse: tuple[Step, ...]
    better: tuple[Step, ...]
    high: bool
    low: bool


WHOLE = Orders((_OPEN, _STOP, _TARGETS), (_OPEN, _TARGETS, _STOP), high=True, low=True)
FALLEN_INTO = Orders((_STOP,), (_TARGETS, _STOP), high=False, low=True)
RISEN_INTO = Orders((_STOP, _TARGETS), (_TARGETS,), high=True, low=False)


def followed(world: World, steps: tuple[Step, ...], leaving: Leaving) -> World:
    """The world after these, as long as anything of it is open."""
    for step in steps:
        if world.rest:
            world = step(leaving, world)
    return world


def seen(world: World, orders: Orders, view: View) -> World:
    """How far the price went while the position was open, of which it is sure."""
    if not world.rest:
        return world
    sure = [view.high] * orders.high + [view.low] * orders.low
    best, worst = max([world.best, *sure]), min([world.worst, *sure])
    return replace(world, best=best, worst=worst)


def added(view: View, told: View) -> Orders:
    """What a coarse bar adds, for a position that changed within it: only an end that reaches farther than was told."""
    worse = (_STOP,) if view.low < told.low else ()
    better = (_TARGETS,) if view.high > told.high else ()
    return Orders(worse, better, high=False, low=False)
