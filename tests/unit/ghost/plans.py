"""Plans thought up at random, near to what the market then did: many meet the exact end of a bar, many tie."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random

from ghost.model.bar import Bar
from ghost.model.plan import EntryType, Plan, Side, plan_of
from ghost.model.rules import Rules

_ONE_BP = Decimal("0.0001")
_MINUTE_US = 60_000_000


def random_rules(rnd: Random) -> Rules:
    """Half of them as they are by default."""
    if rnd.random() < 0.5:
        return Rules()
    return Rules(
        touch=rnd.random() < 0.5,
        tp1_fraction=Decimal(rnd.choice(["0.5", "0.3", "0.75", "1"])),
        break_even=rnd.random() < 0.3,
        trail_r=Decimal(rnd.choice(["0.5", "1", "1.5"])) if rnd.random() < 0.3 else None,
        taker_bps=Decimal(rnd.choice(["0", "5", "4.5"])),
        maker_bps=Decimal(rnd.choice(["0", "2", "1.25"])),
        slippage_bps=Decimal(rnd.choice(["0", "1", "3.7"])),
    )


def random_plan(rnd: Random, bars: Sequence[Bar], number: int) -> tuple[Plan, list[Bar]]:
    """A plan, and the bars that stand behind the moment at which it is published (some of them begin before)."""
    while True:
        place = rnd.randrange(len(bars) - 200)
        later = list(bars[place : place + 1_500])
        plan = _plan(rnd, later, number)
        if plan is not None:
            return plan, later


def _plan(rnd: Random, later: Sequence[Bar], number: int) -> Plan | None:
    side: Side = rnd.choice(("long", "short"))
    kind: EntryType = rnd.choice(("limit", "limit", "limit", "stop", "market"))
    sign = 1 if side == "long" else -1
    now = later[0].open
    away = sign if kind == "stop" else -sign
    entry = _near(rnd, later, now, away, 40)
    stop = _near(rnd, later, entry, -sign, 80)
    target = _near(rnd, later, entry, sign, 120)
    second = _near(rnd, later, target, sign, 100) if rnd.random() < 0.4 else None
    published = later[0].begin_us + rnd.choice((0, 0, 1, 30_000_000, 3 * _MINUTE_US))
    plan = plan_of(
        order_id=f"order {number}",
        symbol=later[0].symbol,
        side=side,
        published_us=published,
        expires_us=published + rnd.choice((1, 5, 30, 240, 1440)) * _MINUTE_US,
        sl=stop,
        entry_type=kind,
        entry=None if kind == "market" and rnd.random() < 0.7 else entry,
        tp1=target if rnd.random() < 0.95 else None,
        tp2=second,
        risk_usd=Decimal(rnd.choice(("100", "33.33"))) if rnd.random() < 0.5 else None,
    )
    return plan if isinstance(plan, Plan) else None


def _near(rnd: Random, later: Sequence[Bar], price: Decimal, sign: int, most_bps: int) -> Decimal:
    """So much above or below a price; half the time the exact end of a bar that is to come, if it lies there."""
    if rnd.random() < 0.5:
        bar = rnd.choice(later[:60])
        end = rnd.choice((bar.high, bar.low, bar.open))
        if (end - price) * sign > 0:
            return end
    return price + sign * (price * rnd.randint(1, most_bps) * _ONE_BP).quantize(later[0].open)
