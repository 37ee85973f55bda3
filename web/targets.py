"""Hit rates of the targets as a page shows them, each count with the address of the signals that it counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reports.operations.shown import Delay, Targets, delay_told, left_of, targets_told, trades_told
from web.counting import ENOUGH, Count
from web.filters import Filters

#: Groups of a kind that are shown: a row has five links, and a page is to be light.
_MOST_GROUPS = 5
#: A mean beyond it is drawn at the edge.
_LARGEST_DRAWN = 1e12


class TargetRow(NamedTuple):
    """A group. few: too few trades to say anything."""

    kind: str
    name: str
    tp1: Count
    traded: Count
    rate: str
    tp2: Count
    traded2: Count
    settled: Count
    left: str
    few: bool


class TargetsShown(NamedTuple):
    """Of all signals in sentences, then a row for each group; the first row is of all."""

    lines: list[str]
    rows: list[TargetRow]


def targets_of(of: Filters, found: Sequence[Targets], bins: Sequence[str]) -> TargetsShown | None:
    """What is shown; None if no signal ended. of: the signals that are counted; bins: what each is called."""
    if not found:
        return None
    return TargetsShown(targets_told(found[0]), [_row(of, one, bins) for one in _largest(found)])


def _largest(found: Sequence[Targets]) -> list[Targets]:
    kinds = dict.fromkeys(one.kind for one in found)
    return [one for kind in kinds for one in [o for o in found if o.kind == kind][:_MOST_GROUPS]]


def _row(of: Filters, one: Targets, bins: Sequence[str]) -> TargetRow:
    filters = _narrowed(of, one, bins)

    def count(outcome: str, n: int) -> Count:
        return Count(n, filters._replace(outcome=outcome).address)

    return TargetRow(
        one.kind,
        one.name,
        count("tp1", one.tp1.hits),
        count("traded", one.tp1.n),
        trades_told(one),
        count("tp2", one.tp2.hits),
        count("traded2", one.tp2.n),
        count("settled", one.settled),
        left_of(one) or "-",
        one.tp1.n < ENOUGH,
    )


def _narrowed(of: Filters, one: Targets, bins: Sequence[str]) -> Filters:
    match one.kind:
        case "symbol":
            return of._replace(symbol=one.name)
        case "setup":
            return of._replace(setup=one.name)
        case "confidence":
            return of._replace(confidence=bins.index(one.name))
        case _:
            return of


class DelayRow(NamedTuple):
    """Closed signals whose entry came after so long."""

    name: str
    closed: Count
    wins: Count
    mean: str
    counts_as: str
    r: float
    interval: tuple[float, float] | None
    few: bool


def delays_of(weeks: Filters, found: Sequence[Delay]) -> list[DelayRow]:
    """The delay curve's rows. weeks: the signals of the pooled weeks."""
    return [_delay(weeks._replace(delay=one.bin), one) for one in found]


def _delay(of: Filters, one: Delay) -> DelayRow:
    worth = one.expectancy
    return DelayRow(
        one.name,
        Count(one.n, of._replace(outcome="closed").address),
        Count(one.wins, of._replace(outcome="won").address),
        *delay_told(one),
        _drawn(float(worth.mean_r)),
        worth.interval_r and (_drawn(worth.interval_r[0]), _drawn(worth.interval_r[1])),
        one.n < ENOUGH,
    )


def _drawn(r: float) -> float:
    return max(-_LARGEST_DRAWN, min(_LARGEST_DRAWN, r))
