"""The scorecard as the trader reads it in Telegram: one screen that answers, and quotes that unfold by topic. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from outbox.lines import COLUMNS, HANG, LINE, NO_BREAK, QUOTED, fold, one_line
from outbox.text import Text, TextBuilder
from reports.evidence.pooling import WEEKS
from reports.evidence.verdict import Kind
from reports.layers.message import WHAT_LIFT_IS, compared_lines, told_lines
from reports.scorecard import Bin, Scorecard
from reports.text import targets
from reports.text.budgets import TITLE as BUDGETS
from reports.text.budgets import budget_lines
from reports.text.feedback import TITLE, feedback_lines
from reports.text.numbers import say
from reports.text.sentences import (
    LAYERS_FAILED,
    MARKS,
    bin_detail,
    bin_line,
    change_line,
    data_lacks,
    figure_lines,
    group_lines,
    monotonicity_line,
    out_of,
    proposal_line,
    revised_line,
    sealed_line,
    show_winrate,
    signals_line,
    sources_line,
    too_few_bins,
    verdict_lines,
)

#: Shows three lines until it is tapped (Bot API 7.4, 2024); quotes cannot hold quotes.
QUOTE = "expandable_blockquote"


BY_CHANCE = "With so few closed, chance does this in most weeks"
#: Of truly rising winrates the order breaks in 70 to 80 % of weeks with up to so many closed in a bin (simulated).
_FEW = 50


class Topic(NamedTuple):
    """What unfolds together: a title and its sentences."""

    title: str
    sentences: Sequence[str]


def compose(card: Scorecard, *, so_far: bool = False) -> Text:
    """The Weekly Scorecard message. `so_far`: the week is not over, and the message says so."""
    message = TextBuilder().line(headline(card, so_far=so_far), "bold")
    table = bins_table(card.bins)
    message.line(f"{card.week.name} · {card.week.days} WIB").line(count_line(card, table))
    message.add("\n".join(table), "pre").line()
    for line in answer_lines(card, so_far=so_far):
        message.line(line)
    for topic in topics(card, so_far=so_far):
        if topic.sentences:
            message.wrap(_unfolded(topic), QUOTE).line()
    return message.build()


def headline(card: Scorecard, *, so_far: bool = False) -> str:
    """The line that a phone shows in its notification: what it is, and the verdict."""
    verdict = MARKS[card.pooled.kind].replace(" ", NO_BREAK)
    return f"📊 Weekly Scorecard{' (so far)' if so_far else ''} · {verdict}"


def count_line(card: Scorecard, table: Sequence[str]) -> str:
    """`222 signals, 157 closed · BTC-PERP`; the stop-losses without closure if the table has no room for them."""
    if not card.published:
        return "No signals"
    closed = f"{card.figures.closed} closed"
    counted = f"{card.published} signal{'s' * (card.published > 1)}, {closed}"
    hidden = sum(one.sl for one in card.bins)
    if hidden and not any("sl" in row for row in table):
        return _first_that_fits(f"{counted}, sl {hidden}", f"{closed}, sl {hidden}")
    of = " ".join(card.symbols[0].split()) if len(card.symbols) == 1 else f"{len(card.symbols)} symbols"
    return _first_that_fits(f"{counted} · {of}", counted)


def bins_table(bins: Sequence[Bin]) -> list[str]:
    """Score, winrate, n and stop-losses of every bin in columns that stand, as wide as a phone allows."""
    cells = [(one.label, show_winrate(one), f"n={one.n}", f"sl {one.sl}" if one.sl else "") for one in bins]
    wide, narrow, narrowest = _rows(cells, "  "), _rows(cells, " "), _rows([row[:3] for row in cells], " ")
    return next((rows for rows in (wide, narrow) if max(map(len, rows)) <= COLUMNS), narrowest)


def _rows(cells: Sequence[Sequence[str]], gap: str) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        gap.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]


def answer_lines(card: Scorecard, *, so_far: bool = False) -> list[str]:
    """Below the bins: whether they rise, what a signal was worth, what to do."""
    return [_rising(card), *fold(_worth(card), LINE), one_line(f"→ {next_step(card, so_far=so_far)}")]


def _rising(card: Scorecard) -> str:
    if too_few_bins(card):
        return "Monotonicity: - (too few bins)"
    if card.broken_by is None:
        return "Monotonicity: ✅ OK"
    return f"Monotonicity: ❌ falls at {card.broken_by[1].label}"


def _worth(card: Scorecard) -> str:
    week = card.figures
    if week.expectancy is None:
        return ""
    gross = f"Expectancy {week.expectancy.mean_r:+.2f} R"
    if week.net_r is None:
        return gross
    return f"{gross}, net {say(week.net_r, '+.2f')} R{out_of(week.n_net, week.closed)}"


def next_step(card: Scorecard, *, so_far: bool = False) -> str:
    """What to do, in words that fit one line."""
    layers = card.layers
    if not card.published:
        return "See that the engine runs"
    if layers.waiting:
        return f"Publish under {layers.waiting}"
    if layers.proposal is not None and not (so_far or layers.rejected):
        return f"Decide on {layers.proposal.version}: see Layers"
    if card.pooled.kind is Kind.BROKEN:
        return "Do not go by the score: see Bins"
    if card.pooled.kind is Kind.NOT_ENOUGH_DATA and card.pooled.more_per_bin:
        return f"Wait: about {card.pooled.more_per_bin} more per bin"
    return "Nothing to change"


def topics(card: Scorecard, *, so_far: bool = False) -> list[Topic]:
    """All the rest, by topic; one without sentences is left out."""
    layers, week = card.layers, card.figures
    return [
        Topic("Bins", bins_sentences(card)),
        Topic(
            "The week", _said(*figure_lines(week), change_line(card), revised_line(card), signals_line(card))
        ),
        Topic(
            f"Layers, {WEEKS} weeks",
            _said(
                LAYERS_FAILED if layers.failed else "",
                *told_lines(layers.findings),
                proposal_line(card, so_far=so_far),
                f"Lift: {WHAT_LIFT_IS}" if layers.findings else "",
            ),
        ),
        Topic(targets.TITLE, [_unbroken(line) for line in targets.target_lines(card.targets)]),
        Topic(f"Delay, {WEEKS} weeks", targets.delay_lines(card.delays)),
        Topic(TITLE, [_unbroken(line) for line in feedback_lines(card.feedback)]),
        Topic("Groups", [*group_lines(week), *compared_lines(layers.compared)]),
        Topic("Data quality", _said(data_lacks(card), sources_line(card), sealed_line(card))),
        Topic(BUDGETS, budget_lines(card.budgets)),
    ]


def bins_sentences(card: Scorecard) -> list[str]:
    """The verdicts, what breaks the order, and each bin with all that is known of it."""
    said = verdict_lines(card)
    if too_few_bins(card) or card.broken_by is not None:
        said.append(monotonicity_line(card))
    if _by_chance(card):
        said.append(BY_CHANCE)
    for one in card.bins:
        detail = bin_detail(one)
        said += _said(bin_line(one), detail and f"{HANG}{detail}")
    return said


def _by_chance(card: Scorecard) -> bool:
    filled = [one.n for one in card.bins if one.n]
    few = sum(filled) <= _FEW * len(filled)
    return few and card.broken_by is not None and card.verdict.kind is not Kind.BROKEN


def _unbroken(line: str) -> str:
    """With verdicts that no phone tears apart."""
    for mark in MARKS.values():
        line = line.replace(mark, mark.replace(" ", NO_BREAK))
    return line


def _first_that_fits(*lines: str) -> str:
    return next((line for line in lines if len(line) <= LINE), lines[-1])


def _unfolded(topic: Topic) -> Text:
    quote = TextBuilder().line(topic.title, "bold")
    for sentence in topic.sentences:
        for line in fold(sentence, QUOTED):
            quote.line(line)
    return quote.build()


def _said(*sentences: str) -> list[str]:
    return [one for one in sentences if one]
