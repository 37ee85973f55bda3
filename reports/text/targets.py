"""Targets and what 100 signals leave, in sentences: for the terminal, the message and the page alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reports.delays import Delay
from reports.targets import WANTED_TP1, WANTED_TP2, HitRate, Targets, per_100
from reports.text.numbers import say
from reports.text.sentences import MARKS, counted, show_expectancy

TITLE = "Targets"
#: So many groups of a kind are told, the largest.
_MOST_TOLD = 4
#: Fewer groups of a kind are nothing to compare.
_FEWEST_TOLD = 2


def target_lines(found: Sequence[Targets]) -> list[str]:
    """Both hit rates, what 100 signals leave, then the same by setup, symbol and confidence. Nothing if none ended."""
    if not found:
        return []
    whole = found[0]
    lines = [hit_line("TP1", whole.tp1, WANTED_TP1), hit_line("TP2", whole.tp2, WANTED_TP2), left_line(whole)]
    for kind in ("setup", "symbol", "confidence"):
        groups = [one for one in found if one.kind == kind]
        if len(groups) >= _FEWEST_TOLD:
            lines += [group_line(one) for one in groups[:_MOST_TOLD]]
    return [line for line in lines if line]


def hit_line(name: str, rate: HitRate, wanted: float) -> str:
    """`TP1 reached: 0.612 (n=57, counts as 31; 0.48–0.73), wanted above 0.60: ⏳ NOT ENOUGH DATA`; else empty."""
    if rate.rate is None:
        return ""
    low, high = rate.interval
    many = counted(rate.n, rate.counts_as)
    verdict = MARKS[rate.judged(wanted)]
    return f"{name} reached: {rate.rate:.3f} ({many}; {low:.2f}–{high:.2f}), wanted above {wanted:.2f}: {verdict}"


def left_line(one: Targets) -> str:
    """`Per 100 signals: +12.3 R net (−20.1 … +44.7), n=150`; empty if of none the costs are known."""
    left = left_of(one)
    return f"Per 100 signals: {left} net, {counted(one.settled, one.net_counts_as)}" if left else ""


def left_of(one: Targets) -> str:
    """What 100 of them leave, with its interval: `+12.3 R (-20.1 … +44.7)`."""
    if one.net is None:
        return ""
    shown = f"{say(per_100(one.net.mean_r), '+.1f')} R"
    if one.net.interval_r is None:
        return shown
    low, high = (say(per_100(end), "+.1f") for end in one.net.interval_r)
    return f"{shown} ({low} … {high})"


def group_line(one: Targets) -> str:
    """`setup breakout: TP1 12/20, TP2 3/20, per 100 +15.2 R (-20.1 … +50.4)`."""
    hits = [f"{name} {rate.hits}/{rate.n}" for name, rate in (("TP1", one.tp1), ("TP2", one.tp2)) if rate.n]
    left = left_of(one)
    told = [*hits, *([f"per 100 {left}"] if left else [])]
    return f"{one.kind} {one.name}: {', '.join(told)}" if told else ""


def delay_lines(found: Sequence[Delay]) -> list[str]:
    """`Entry after 1-5 min: +0.123 R (-0.05 … +0.30), n=53, counts as 31`, where there is more than one bin."""
    if len(found) < _FEWEST_TOLD:
        return []
    return [
        f"Entry after {one.name}: {show_expectancy(one.expectancy)}, {counted(one.n, one.counts_as)}"
        for one in found
    ]
