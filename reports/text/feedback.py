"""What the clicks on alerts say, in sentences: for the terminal, the message and the page alike. Pure."""

from __future__ import annotations

from decimal import Decimal

from reports.evidence.contrast import Contrast, side_of_zero
from reports.evidence.pooling import WEEKS
from reports.evidence.verdict import Kind
from reports.feedback.found import GOAL, Feedback, HeldBack, Setup, Side
from reports.figures import Expectancy
from reports.text.numbers import ratio, say
from reports.text.sentences import MARKS, counted, judged, show_expectancy, show_rate

TITLE = f"Feedback, {WEEKS} weeks"
#: So many setups and reasons are told, the largest.
_MOST_TOLD = 6
#: So many with one sign are chance in less than one of forty cases: 0.5 ** 6.
_SURE_IF_ALL_EQUAL = 6


def feedback_lines(found: Feedback | None) -> list[str]:
    """Coverage, both lifts, setups, what holding back was worth. Nothing where there were neither alerts nor clicks."""
    if found is None:
        return []
    told = [
        coverage_line(found),
        *thumb_lines(found),
        *took_lines(found),
        *setup_lines(found),
        *held_lines(found),
        *road_lines(found),
    ]
    return [*told, *late_lines(found)]


def coverage_line(found: Feedback) -> str:
    """`Coverage: 0.412, 35 of 85 alerts clicked, goal above 0.300`."""
    if not found.sent:
        return "Coverage: - (no alert was sent this week)"
    reached = "" if found.coverage is not None and found.coverage > GOAL else " not reached"
    return (
        f"Coverage: {show_rate(found.coverage)}, {found.clicked} of {found.sent} alerts clicked,"
        f" goal above {GOAL}{reached}"
    )


def thumb_lines(found: Feedback) -> list[str]:
    """Whether 👍 wins more often than 👎."""
    return _contrast_lines("Does your thumb know?", "👍", "👎", found.thumb)


def took_lines(found: Feedback) -> list[str]:
    """Whether what was taken wins more often than what was skipped."""
    return _contrast_lines("Do you take the better ones?", "took", "skipped", found.took)


def _contrast_lines(question: str, yes: str, no: str, found: Contrast) -> list[str]:
    """Question and verdict, then what it rests on; nothing where nobody voted."""
    if not found.n + found.other_n:
        return []
    return [
        f"{question} {_judged(yes, no, found)}",
        f"{yes} {_winrate(found.wins, found.n)}, {no} {_winrate(found.other_wins, found.other_n)}{_lift(found)}",
    ]


def _judged(yes: str, no: str, found: Contrast) -> str:
    return judged(
        found.kind,
        f"{yes} wins more often than {no}",
        f"{yes} wins less often than {no}",
        f"{found.more_per_side} more closed on each side" if found.more_per_side else None,
    )


def _lift(found: Contrast) -> str:
    """`; lift +13.9 points (−15.2 … +40.1)`: the weeks compared each with itself."""
    if found.lift is None or found.interval is None:
        return ""
    low, high = found.interval
    return f"; lift {found.lift * 100:+.1f} points ({low * 100:+.1f} … {high * 100:+.1f})"


def _winrate(wins: int, n: int) -> str:
    return f"{show_rate(ratio(wins, n))} (n={n})"


def setup_lines(found: Feedback) -> list[str]:
    """Winrate by setup, and how it was with each vote."""
    lines = [setup_line(one) for one in found.setups[:_MOST_TOLD]]
    more = len(found.setups) - len(lines)
    return [*lines, *([f"{more} smaller setups"] if more else [])]


def setup_line(one: Setup) -> str:
    """`Setup trend_pullback: 0.561 (n=41), 👍 5/8, took 3/5, skipped 1/2`; votes that nobody gave are left out."""
    votes = {"👍": one.up, "👎": one.down, "took": one.took, "skipped": one.skipped}
    said = [f"{name} {_of(side)}" for name, side in votes.items() if side.closed]
    return ", ".join([f"Setup {one.name}: {_winrate(one.wins, one.closed)}", *said])


def _of(side: Side) -> str:
    return f"{side.wins}/{side.closed}"


def held_lines(found: Feedback) -> list[str]:
    """What holding back saved or cost, by reason."""
    return [held_line(one) for one in found.held[:_MOST_TOLD]]


def held_line(one: HeldBack) -> str:
    """`Held back (budget): 12, closed 7, saved 3.20 R, mean -0.457 R (-0.91 … -0.01), ✅ OK`."""
    said = f"Held back ({one.reason}): {one.held}, closed {one.closed}"
    return f"{said}, {held_worth(one)}" if one.closed else said


def held_worth(one: HeldBack) -> str:
    """`saved 3.20 R, mean -0.457 R (-0.91 … -0.01), ✅ OK`; `-` if none closed."""
    if one.expectancy is None:
        return "-"
    verdict = MARKS[held_kind(one.closed, one.expectancy)]
    return f"{saved_or_cost(one)}, mean {show_expectancy(one.expectancy)}, {verdict}"


def saved_or_cost(one: HeldBack) -> str:
    """What they brought in all, from the side of who held them back: `saved 3.20 R`, `cost 1.10 R`."""
    total = one.sum_r or Decimal(0)
    return f"{'cost' if total > 0 else 'saved'} {say(abs(total), '.2f')} R"


def road_lines(found: Feedback) -> list[str]:
    """What was held back by choice, in all, with the interval of the sum; nothing if none of it closed."""
    road = found.road
    if road is None or road.expectancy is None:
        return []
    ghosts = f", {road.by_ghost} by ghosts" if road.by_ghost else ""
    return [
        f"The road not taken: {road.held} held by choice, {counted(road.closed, road.counts_as)} closed{ghosts}:"
        f" {held_sum(road)}, {MARKS[held_kind(road.closed, road.expectancy)]}"
    ]


def held_sum(one: HeldBack) -> str:
    """`saved 3.20 R (-1.10 … +7.50)`: the sum with its interval, from the side of who held them back."""
    total = saved_or_cost(one)
    if one.expectancy is None or one.expectancy.interval_r is None:
        return total
    ends = [one.closed * end for end in one.expectancy.interval_r]
    low, high = ends if (one.sum_r or 0) > 0 else [-end for end in reversed(ends)]
    return f"{total} ({say(low, '+.2f')} … {say(high, '+.2f')})"


def held_kind(closed: int, worth: Expectancy) -> Kind:
    """OK if holding back demonstrably saved, BROKEN if it cost, else NOT ENOUGH DATA.

    Outcomes that are all equal have no interval; then it is a sign test.
    """
    if worth.interval_r is None:
        sign = float(worth.mean_r) if closed >= _SURE_IF_ALL_EQUAL else 0.0
        return side_of_zero((-sign, -sign))
    low, high = worth.interval_r
    return side_of_zero((-high, -low))


def late_lines(found: Feedback) -> list[str]:
    """Clicks that are not counted."""
    return [f"Not counted: {found.late} clicks after the end"] if found.late else []
