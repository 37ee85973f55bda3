"""What a bar makes of one order. docs/ghost.md states the rules; `happening` holds what a bar leaves open."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from msgspec.structs import replace

from ghost.model import telling
from ghost.model.changes import Leaving as TellsLeaving
from ghost.model.changes import OrderChange
from ghost.model.entry import Entry, entry_of
from ghost.model.exact import minus, plus, times
from ghost.model.happening import WHOLE, Orders, added, followed, seen
from ghost.model.plan import Plan
from ghost.model.rules import Rules
from ghost.model.sights import Sight
from ghost.model.state import Order
from ghost.model.views import View, out_of, signed, view_of
from ghost.model.volume import PLENTY, Volume
from ghost.model.world import Leaving, World, left_by, targets_of


def begin(plan: Plan, rules: Rules) -> Order:
    """An order that waits."""
    return Order(plan=plan, rules=rules)


def step(order: Order, sight: Sight, volume: Volume = PLENTY) -> list[OrderChange]:
    """What a bar of its symbol changes. Bars come as `Seen.look` gives them."""
    if order.status == "waiting":
        return _wait(order, sight, volume)
    if order.status == "open" and sight.bar.begin_us >= order.plan.published_us:
        return _follow(order, sight, volume)
    return []


def cancel(order: Order, at_us: int) -> list[OrderChange]:
    """Take it back; an open position is closed at the open of the next bar that begins at or after this.

    Asked again, the earlier moment counts: else a clock that is ahead would hold it for as long.
    """
    if order.status == "waiting":
        return [telling.cancelled(order, at_us, "asked")]
    if order.status != "open" or (order.leave_us is not None and order.leave_us <= at_us):
        return []
    order.leave_us = at_us
    return [TellsLeaving(order.plan.order_id, order.next_seq(), at_us)]


def expire(order: Order, at_us: int) -> list[OrderChange]:
    """If it still waits when its time is over."""
    over = order.status == "waiting" and at_us >= order.plan.expires_us
    return [telling.expired(order)] if over else []


def sized(order: Order, volume: Volume, fill: Decimal | None) -> Volume:
    """The bar's volume as this order counts it."""
    if volume.left is None or not order.rules.limit_volume:
        return PLENTY
    return volume.of_size(order.size(fill))


def _wait(order: Order, sight: Sight, volume: Volume) -> list[OrderChange]:
    plan, bar = order.plan, sight.bar
    if plan.published_us <= bar.begin_us < plan.expires_us:
        price = None if plan.price is None else signed(plan.price, plan.side)
        mine = sized(order, volume, price)
        entry = entry_of(plan, order.rules, view_of(bar, plan.side), mine)
        if entry == "beyond_stop":
            return [telling.cancelled(order, bar.end_us, "beyond_stop")]
        if entry is not None:
            volume.used_by([mine])
            return _fill(order, entry, sight, volume)
    return expire(order, bar.end_us)


def _fill(order: Order, entry: Entry, sight: Sight, volume: Volume) -> list[OrderChange]:
    at_us, price = sight.bar.end_us, entry.price
    order.status, order.filled_us, order.fill = "open", at_us, price
    order.worse = World(order.stop, at_us, price, price)
    if order.plan.entry_type != "limit":
        mine = sized(order, volume, price)
        mine.take(order.worse.rest)
        volume.used_by([mine])
    return [telling.filled(order), *_happen(order, sight, volume, lambda _: entry.orders)]


def _follow(order: Order, sight: Sight, volume: Volume) -> list[OrderChange]:
    bar = sight.bar
    if order.leave_us is not None and sight.told is None and bar.begin_us >= order.leave_us:
        return _happen(order, sight, volume, lambda _: WHOLE, _leave)
    return _happen(order, sight, volume, lambda world: _orders_of(order, world, sight))


def _orders_of(order: Order, world: World, sight: Sight) -> Orders:
    """Whole, unless a coarse bar adds to finer ones within which the position changed."""
    begin_us = sight.bar.begin_us
    if sight.told is None or world.since_us <= begin_us:
        return WHOLE
    told = sight.bar._replace(high=sight.told.high, low=sight.told.low)
    orders = added(view_of(sight.bar, order.plan.side), view_of(told, order.plan.side))
    assert order.filled_us is not None
    whole = order.filled_us <= begin_us
    return orders._replace(high=whole, low=whole)


Follow = Callable[[World, Orders, bool, Leaving], World]


def _walk(world: World, orders: Orders, worse: bool, leaving: Leaving) -> World:
    """A world through a bar, in the order of things that is its own."""
    after = followed(world, orders.worse if worse else orders.better, leaving)
    return seen(after, orders, leaving.view)


def _leave(world: World, orders: Orders, worse: bool, leaving: Leaving) -> World:
    """A world that is left at the open, by a market order."""
    if not world.rest:
        return world
    price = out_of(leaving.view.open, leaving.rules.slippage_bps)
    leaving.volume.take(world.rest)
    return left_by(world, price, world.rest, "manual", leaving.at_us)


def _happen(
    order: Order, sight: Sight, volume: Volume, orders_of: Callable[[World], Orders], walk: Follow = _walk
) -> list[OrderChange]:
    """Both orders of things, each in its own world; one world, as long as they come to the same."""
    was = order.worse
    assert was is not None
    was_better = was if order.better is None else order.better
    view, mine = view_of(sight.bar, order.plan.side), sized(order, volume, order.fill)
    volumes = [mine.again(), mine.again()]
    targets = targets_of(order.plan, order.rules)
    leaving = [Leaving(view, targets, order.rules, one, sight.bar.end_us) for one in volumes]
    worse = _moved(order, walk(was, orders_of(was), True, leaving[0]), sight.bar.end_us)
    better = _moved(order, walk(was_better, orders_of(was_better), False, leaving[1]), sight.bar.end_us)
    volume.used_by(volumes)
    parted = order.better is not None
    order.worse, order.better = worse, better if parted or worse != better else None
    changes = _told(order, (was, worse), (was_better, better), parted)
    if not any(world.rest for world in order.worlds):
        changes.append(telling.closed(order, sight.bar.end_us))
    return changes


def _moved(order: Order, world: World, at_us: int) -> World:
    """The stop where the bar's end leaves it: it only ever comes nearer, and holds from the next bar on."""
    rules, fill = order.rules, order.fill
    assert fill is not None
    behind_tp1 = any(left.kind == "tp1" for left in world.exits)
    stop = world.stop
    if rules.break_even and behind_tp1:
        stop = max(stop, fill)
    if rules.trail_r is not None and (behind_tp1 or order.plan.tp1 is None):
        stop = max(stop, minus(world.best, times(rules.trail_r, order.risk)))
    return world if stop == world.stop or not world.rest else replace(world, stop=stop, since_us=at_us)


def _told(
    order: Order, worse: tuple[World, World], better: tuple[World, World], parted: bool
) -> list[OrderChange]:
    """What was closed; once for both worlds, as far as they had it in common."""
    if order.better is None:
        return telling.exits(order, *worse, "both")
    same = 0 if parted else _in_common(*worse, better[1])
    both = (
        telling.exits(order, worse[0], _first(worse[1], len(worse[0].exits) + same), "both") if same else []
    )
    return [
        *both,
        *telling.exits(order, *worse, "worse", same),
        *telling.exits(order, *better, "better", same),
    ]


def _in_common(before: World, worse: World, better: World) -> int:
    """How many new exits are the same, from the first on."""
    pairs = zip(worse.exits[len(before.exits) :], better.exits[len(before.exits) :], strict=False)
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def _first(world: World, exits: int) -> World:
    return replace(world, exits=world.exits[:exits])


def pay(order: Order, rate: Decimal, price: Decimal, due_us: int) -> list[OrderChange]:
    """Funding: a long pays the rate on what its position is worth, a short receives it."""
    if order.status != "open" or not order.rules.funding or (order.filled_us or 0) > due_us:
        return []
    worth = times(signed(rate, order.plan.side), price.copy_abs())
    paid = [times(worth, world.rest) for world in order.worlds]
    after = [
        replace(world, paid=plus(world.paid, one)) for world, one in zip(order.worlds, paid, strict=True)
    ]
    order.worse, order.better = after[0], after[1] if len(after) > 1 else None
    if len(paid) == 1:
        return [telling.funded(order, due_us, paid[0], "both")]
    named = zip(("worse", "better"), paid, strict=True)
    return [telling.funded(order, due_us, one, name) for name, one in named if one]  # type: ignore[arg-type]


def triggers(order: Order) -> tuple[Decimal | None, Decimal | None]:
    """Below or at which price, and above or at which, a bar may change it. In prices as they are, not signed."""
    low, high = _signed_triggers(order)
    if order.plan.side == "long":
        return low, high
    return _turned(high), _turned(low)


def _turned(price: Decimal | None) -> Decimal | None:
    return None if price is None else price.copy_negate()


def _signed_triggers(order: Order) -> tuple[Decimal | None, Decimal | None]:
    if order.status == "waiting":
        price = None if order.plan.price is None else signed(order.plan.price, order.plan.side)
        return (None, price) if order.plan.entry_type == "stop" else (price, None)
    targets = targets_of(order.plan, order.rules)
    open_worlds = [world for world in order.worlds if world.rest]
    highs = [
        target.price
        for world in open_worlds
        for target in targets
        if all(left.kind != target.kind for left in world.exits)
    ]
    return max((world.stop for world in open_worlds), default=None), min(highs, default=None)


def restless(order: Order) -> bool:
    """Whether every bar may change it: a market order, a position that is to be left, a stop that follows."""
    if order.status == "waiting":
        return order.plan.entry_type == "market"
    follows = order.rules.trail_r is not None and (order.plan.tp1 is None or _behind_tp1(order))
    return order.status == "open" and (order.leave_us is not None or follows)


def _behind_tp1(order: Order) -> bool:
    return any(left.kind == "tp1" for world in order.worlds for left in world.exits)


def saw(order: Order, high: Decimal, low: Decimal) -> None:
    """Bars between these went by while it was open, and changed nothing."""
    view = (
        View(high, high, low)
        if order.plan.side == "long"
        else View(low, low.copy_negate(), high.copy_negate())
    )
    order.worse = None if order.worse is None else seen(order.worse, WHOLE, view)
    order.better = None if order.better is None else seen(order.better, WHOLE, view)
