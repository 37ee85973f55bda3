"""Whether market data may be trusted: ok, degraded or bad, and why. Pure, and free for an engine to call.

    from signaltape.quality import Seen, judge
    verdict = judge(Seen(price=221.4, bid=221.3, ask=221.5, has_book=True, funding_rate=0.0001, age_s=0.4))
    tape.published(..., data_quality=verdict.data_quality)

Bad is what may be wrong: nothing should be entered, filled or ended on it. Degraded is what may be late or incomplete.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from statistics import median
from typing import Literal

from msgspec import Struct

from signaltape.showing import show

Quality = Literal["ok", "degraded", "bad"]
Number = Decimal | float
Finding = tuple[Quality, str]
#: As many as a record may carry.
MOST_REASONS = 20
#: So many others outvote a price; a single other one only casts doubt on both.
ENOUGH_OTHERS = 2
_RANK: dict[Quality, int] = {"ok": 0, "degraded": 1, "bad": 2}


class Seen(Struct, frozen=True, kw_only=True):
    """What is known of a market at one moment. What was not looked at is left out, and is not judged.

    others: the price at other providers at the same time. has_book: whether there was a look at the book: then a side
    that is None is empty. spread: where it is known without bid and ask. funding_rate: of one interval, as a fraction
    (0.0001 is one basis point). age_s: how long ago it was so. skew_s: how far the provider's clock is ahead of ours;
    below 0 behind. gap_s: how long nothing was known just before.
    """

    price: Number | None = None
    others: Sequence[Number] = ()
    bid: Number | None = None
    ask: Number | None = None
    has_book: bool = False
    spread: Number | None = None
    funding_rate: Number | None = None
    open_interest: Number | None = None
    age_s: float | None = None
    skew_s: float | None = None
    gap_s: float | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """From where on a thing is degraded, and bad. off_median: a fraction of the median."""

    stale_s: float = 5.0
    too_old_s: float = 30.0
    skew_s: float = 1.0
    much_skew_s: float = 5.0
    off_median: float = 0.01
    #: Exchanges cap the rate of one interval at 0.005 to 0.03.
    absurd_funding: float = 0.05


class Verdict(Struct, frozen=True):
    """What came of it; the reasons are texts for a person, the worst first."""

    data_quality: Quality
    reasons: tuple[str, ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether it is anything but ok."""
        return self.data_quality != "ok"


OK = Verdict("ok")
DEFAULT = Limits()


def judge(seen: Seen, limits: Limits = DEFAULT) -> Verdict:
    """Hold all that is known against every rule."""
    return verdict_of(finding for rule in _RULES for finding in rule(seen, limits))


def verdict_of(findings: Iterator[Finding] | Sequence[Finding]) -> Verdict:
    """The worst of them with all reasons; `ok` of none."""
    found = sorted((one for one in findings if one[0] != "ok"), key=lambda one: -_RANK[one[0]])
    if not found:
        return OK
    return Verdict(found[0][0], tuple(dict.fromkeys(why for _, why in found))[:MOST_REASONS])


def _price(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.price is not None and not _is_above_0(seen.price):
        yield "bad", f"price {_said(seen.price)} is no price"


def _off_median(seen: Seen, limits: Limits) -> Iterator[Finding]:
    others = [float(one) for one in seen.others if _is_above_0(one)]
    if seen.price is None or not _is_above_0(seen.price) or not others:
        return
    own, outvoted = float(seen.price), len(others) >= ENOUGH_OTHERS
    middle = median([own, *others]) if outvoted else others[0]
    off = abs(own / middle - 1.0)
    if off > limits.off_median:
        whose = f"the median of {len(others) + 1} providers" if outvoted else "what another provider says"
        quality: Quality = "bad" if outvoted else "degraded"
        yield quality, f"price {_said(own)} is {off:.1%} off {_said(middle)}, {whose}"


def _book(seen: Seen, limits: Limits) -> Iterator[Finding]:
    for side, price in (("bid", seen.bid), ("ask", seen.ask)):
        if price is None and seen.has_book:
            yield "bad", f"the book has no {side}"
        elif price is not None and not _is_above_0(price):
            yield "bad", f"{side} {_said(price)} is no price"


def _crossed(seen: Seen, limits: Limits) -> Iterator[Finding]:
    bid, ask = seen.bid, seen.ask
    if bid is None or ask is None or not (_is_above_0(bid) and _is_above_0(ask)):
        return
    if bid > ask:
        yield "bad", f"crossed book: bid {_said(bid)} above ask {_said(ask)}"
    elif bid == ask:
        yield "degraded", f"locked book: bid and ask {_said(bid)}"


def _spread(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.spread is None:
        return
    if not _is_finite(seen.spread):
        yield "bad", f"spread {_said(seen.spread)} is no number"
    elif seen.spread < 0:
        yield "bad", f"spread {_said(seen.spread)} is below 0"


def _funding(seen: Seen, limits: Limits) -> Iterator[Finding]:
    rate = seen.funding_rate
    if rate is None:
        return
    if not _is_finite(rate):
        yield "bad", f"funding rate {_said(rate)} is no number"
    elif rate > limits.absurd_funding or rate < -limits.absurd_funding:
        yield "bad", f"funding rate {_said(rate)} is beyond {limits.absurd_funding:g}"


def _open_interest(seen: Seen, limits: Limits) -> Iterator[Finding]:
    value = seen.open_interest
    if value is None:
        return
    if not _is_finite(value):
        yield "bad", f"open interest {_said(value)} is no number"
    elif value < 0:
        yield "bad", f"open interest {_said(value)} is below 0"


def _age(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.age_s is not None:
        yield from _graded(seen.age_s, limits.stale_s, limits.too_old_s, f"{seen.age_s:.1f} s old")


def _skew(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.skew_s is not None:
        side = "ahead" if seen.skew_s > 0 else "behind"
        said = f"clock {abs(seen.skew_s):.1f} s {side}"
        yield from _graded(abs(seen.skew_s), limits.skew_s, limits.much_skew_s, said)


def _gap(seen: Seen, limits: Limits) -> Iterator[Finding]:
    if seen.gap_s is not None and seen.gap_s > 0:
        yield "degraded", f"gap of {_length(seen.gap_s)}"


_RULES: tuple[Callable[[Seen, Limits], Iterator[Finding]], ...] = (
    *(_price, _off_median, _book, _crossed, _spread),
    *(_funding, _open_interest),
    *(_age, _skew, _gap),
)


def _graded(value: float, degraded: float, bad: float, why: str) -> Iterator[Finding]:
    """By two limits; what is no number is beyond both."""
    if not value <= bad:
        yield "bad", why
    elif value > degraded:
        yield "degraded", why


def _is_finite(value: Number) -> bool:
    """Also of what a float cannot hold: that is no number of any market."""
    try:
        return math.isfinite(value)
    except (OverflowError, ValueError):  # a whole number beyond all floats, a signalling NaN
        return False


def _is_above_0(value: Number) -> bool:
    return _is_finite(value) and float(value) > 0  # one of 400 places behind the point is none


def _length(seconds: float) -> str:
    """`12 s`, `2 min 5 s`, `1 h`: a gap as one says it."""
    if not math.isfinite(seconds) or seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _said(value: Number) -> str:
    """Short, however many digits it has."""
    if _is_finite(value):
        return f"{value:.12g}"
    return str(value) if isinstance(value, float | Decimal) else show(value)
