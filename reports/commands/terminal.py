"""The scorecard as tables in the terminal."""

from __future__ import annotations

from reports.evidence.verdict import Counted
from reports.layers.whatif import WhatIf
from reports.scorecard import Bin, Scorecard
from reports.text.budgets import budget_lines
from reports.text.feedback import feedback_lines
from reports.text.numbers import ratio, say
from reports.text.sentences import (
    monotonicity_line,
    rest_lines,
    say_verdict,
    show_rate,
    signals_line,
    verdict_lines,
)
from reports.text.targets import delay_lines, target_lines
from signaltape.terminal import Screen, left, right

_BINS = (
    left("score"), right("n"), right("counts as"), right("wins"), right("winrate"), right("95 % of it"), right("sl"),
    right("winrate with sl"), right("open"),
)  # fmt: skip
_WORTH = (
    left("score"), right("mean R"), right("95 % of it"), right("break-even"), right("net winrate"), right("net R"),
    right("cost known"),
)  # fmt: skip
_WHATIF = (
    left("score"), right("published: n"), right("wins"), right("winrate"), right("new weights: n"), right("wins"),
    right("winrate"),
)  # fmt: skip


def print_scorecard(screen: Screen, card: Scorecard, *, so_far: bool = False) -> None:
    """Print one scorecard. `so_far`: its week is not over."""
    verdict, _, _ = say_verdict(card.pooled).partition(":")
    screen.say(f"Scorecard {card.week.name}{' (so far)' if so_far else ''} · {verdict}", "head")
    screen.say(f"{card.week.dates} WIB")
    screen.say(signals_line(card), short=True)
    screen.table(_BINS, [_counts(one) for one in card.bins])
    if card.figures.closed:
        screen.say("What a closed signal brought, in R, and what a round trip leaves of it:")
        screen.table(_WORTH, [_worth(one) for one in card.bins])
    reached = (*target_lines(card.targets), *delay_lines(card.delays))
    rest = (*reached, *rest_lines(card, so_far=so_far), *feedback_lines(card.feedback))
    for line in (*verdict_lines(card), monotonicity_line(card), *rest, *budget_lines(card.budgets)):
        screen.say(line, short=True)


def print_whatif(screen: Screen, result: WhatIf, span: str) -> None:
    """Print both scorecards side by side, and what the comparison cannot know. span: the weeks, in words."""
    screen.say(f"{span}: {result.signals} signals with layers, {result.moved} change their bin")
    screen.table(
        _WHATIF,
        [
            (then.label, *_counted(then), *_counted(now))
            for then, now in zip(result.published.bins, result.rescored.bins, strict=True)
        ],
    )
    screen.say(f"Verdict as published:     {say_verdict(result.published.verdict)}")
    screen.say(f"Verdict with new weights: {say_verdict(result.rescored.verdict)}")
    if result.without_layers:
        screen.say(f"{result.without_layers} signals without layers are left out of both")
    if result.shifted:
        screen.say(
            f"of {result.shifted} signals the published score is not the sum of their weights:"
            " what else is in it was kept"
        )
    if result.unknown:
        screen.say(f"no signal names these layers: {', '.join(result.unknown)}", short=True)
    screen.say(
        "It cannot know: signals that were never published. Under the new weights others would have been"
        f" published, and {result.below} of these fall below the lowest score that was."
    )
    screen.next("weights that the evidence asks for: python -m reports rules")


def _counts(one: Bin) -> tuple[object, ...]:
    rates = (str(one.sl), show_rate(one.winrate_all)) if one.sl else ("", "")
    as_many = f"{one.known:.0f}" if round(one.known) < one.n else ""
    return (
        one.label,
        one.n,
        as_many,
        one.wins,
        show_rate(one.winrate),
        _interval(one),
        *rates,
        one.open or "",
    )


def _interval(one: Bin) -> str:
    """The 95 % Wilson interval of the winrate."""
    if not one.n:
        return ""
    low, high = one.interval
    return f"{low:.2f}–{high:.2f}"


def _worth(one: Bin) -> tuple[object, ...]:
    """What a closed signal of a bin brought, and what a round trip leaves of it."""
    mean = interval = ""
    if one.expectancy is not None:
        mean = say(one.expectancy.mean_r, "+.2f")
        if one.expectancy.interval_r is not None:
            low, high = one.expectancy.interval_r
            interval = f"{say(low, '+.2f')} … {say(high, '+.2f')}"
    known = "" if one.n_net == one.n else f"{one.n_net} of {one.n}"
    net = (show_rate(ratio(one.wins_net, one.n_net)), say(one.net_r, "+.2f"))
    return (one.label, mean, interval, show_rate(one.break_even), *net, known)


def _counted(one: Counted) -> tuple[str, str, str]:
    return f"{one.n:.0f}", f"{one.wins:.0f}", show_rate(ratio(int(one.wins), int(one.n)))
