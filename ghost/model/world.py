"""One order of things: what is left of a position in it, and how it was left. All prices signed."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from ghost.model.exact import ONE, ZERO, minus
from ghost.model.plan import Plan
from ghost.model.rules import Rules
from ghost.model.views import View, out_of, signed
from ghost.model.volume import Volume

ExitKind = Literal["tp1", "tp2", "sl", "manual"]


class Exit(Struct, frozen=True, array_like=True, gc=False):
    """A fraction of the size that was closed."""

    price: Decimal
    fraction: Decimal
    kind: ExitKind
    at_us: int


class World(Struct, frozen=True, gc=False, omit_defaults=True):
    """rest: the fraction still open. since_us: when what it waits for changed last. best, worst: how far the price
    surely went while it was open. paid: funding, a fraction of the size's worth at a time."""

    stop: Decimal
    since_us: int
    best: Decimal
    worst: Decimal
    rest: Decimal = ONE
    exits: tuple[Exit, ...] = ()
    paid: Decimal = ZERO


class Target(NamedTuple):
    """A target and the fraction that is closed there."""

    kind: ExitKind
    price: Decimal
    fraction: Decimal


def targets_of(plan: Plan, rules: Rules) -> tuple[Target, ...]:
    """The targets, the nearer first."""
    if plan.tp1 is None:
        return ()
    first, second = signed(plan.tp1, plan.side), plan.tp2
    if second is None or rules.tp1_fraction == ONE:
        return (Target("tp1", first, ONE),)
    rest = minus(ONE, rules.tp1_fraction)
    return Target("tp1", first, rules.tp1_fraction), Target("tp2", signed(second, plan.side), rest)


def left_by(world: World, price: Decimal, fraction: Decimal, kind: ExitKind, at_us: int) -> World:
    """The world after a fraction was closed; the price was reached, so it counts as seen."""
    return replace(
        world,
        rest=minus(world.rest, fraction),
        exits=(*world.exits, Exit(price, fraction, kind, at_us)),
        since_us=at_us,
        best=max(world.best, price),
        worst=min(world.worst, price),
    )


class Leaving(NamedTuple):
    """What a position in one bar may leave by."""

    view: View
    targets: tuple[Target, ...]
    rules: Rules
    volume: Volume
    at_us: int

    def by_open(self, world: World) -> World:
        """At the open: by a stop that it is at or beyond, or by targets that it is beyond."""
        if self.view.open <= world.stop:
            return self._stopped(world)
        return self._taken(world, self.view.open)

    def by_stop(self, world: World) -> World:
        """By the stop, if the bar touches it."""
        return self._stopped(world) if self.view.low <= world.stop else world

    def by_targets(self, world: World) -> World:
        """By every target that the bar reaches."""
        return self._taken(world, self.view.high)

    def _stopped(self, world: World) -> World:
        price = out_of(min(world.stop, self.view.open), self.rules.slippage_bps)
        self.volume.take(world.rest)
        return left_by(world, price, world.rest, "sl", self.at_us)

    def _taken(self, world: World, reached: Decimal) -> World:
        taken = {exit.kind for exit in world.exits}
        for target in self.targets:
            through = reached > target.price or (self.rules.touch and reached == target.price)
            if target.kind not in taken and through and world.rest and self.volume.fills(target.fraction):
                world = left_by(world, target.price, target.fraction, target.kind, self.at_us)
        return world
