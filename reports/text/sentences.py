"""What a scorecard says, each in one sentence: for the terminal, the picture and the message alike. Pure."""

from __future__ import annotations

from decimal import Decimal

from reports.evidence.pooling import WEEKS
from reports.evidence.verdict import Kind, ScoreVerdict
from reports.figures import Expectancy, Figures
from reports.layers.message import compared_lines, layer_lines, weights_line
from reports.scorecard import Bin, Scorecard
from reports.text.numbers import ratio, say

_MOST_NAMES = 5
#: Said in place of the layers.
LAYERS_FAILED = "- (they could not be judged; the reporter's log says why)"
#: From so many minutes on a span is told in hours.
_MINUTES_OF_HOURS = 120
#: Two bins are needed before "more" means anything.
_BINS_TO_COMPARE = 2


def rest_lines(card: Scorecard, *, so_far: bool = False) -> list[str]:
    """All that follows the bins and their monotonicity."""
    layers = card.layers
    lines = [
        *figure_lines(card.figures),
        *group_lines(card.figures),
        f"Layers: {LAYERS_FAILED}" if layers.failed else "",
        *layer_lines(layers.findings),
        proposal_line(card, so_far=so_far),
        *compared_lines(layers.compared),
        change_line(card),
        revised_line(card),
        quality_line(card),
        sources_line(card),
        sealed_line(card, whole=True),
    ]
    return [line for line in lines if line]


def proposal_line(card: Scorecard, *, so_far: bool = False) -> str:
    """What follows for the weights. A week that is not over proposes nothing yet."""
    layers = card.layers
    standing = "was rejected" if layers.rejected else "would be proposed" if so_far else "proposed"
    return weights_line(layers.findings, layers.in_use, layers.proposal, layers.waiting, standing)


def verdict_lines(card: Scorecard) -> list[str]:
    """What the data supports: together with the weeks before, and this week alone."""
    pooled = [f"{one.label} {one.wins / one.n:.2f} (n≈{one.n:.0f})" for one in card.pooled_bins if one.n]
    return [
        f"Verdict ({WEEKS} weeks): {say_verdict(card.pooled)}",
        *([f"   older weeks weigh less: {', '.join(pooled)}"] if pooled else []),
        f"This week alone: {say_verdict(card.verdict)}",
    ]


#: The verdict in two words.
MARKS = {Kind.OK: "✅ OK", Kind.BROKEN: "❌ BROKEN", Kind.NOT_ENOUGH_DATA: "⏳ NOT ENOUGH DATA"}


def say_verdict(verdict: ScoreVerdict) -> str:
    """A verdict in one line, with what would settle it or what is broken."""
    return judged(
        verdict.kind,
        "winrate rises with the score",
        _what_is_broken(verdict),
        f"{verdict.more_per_bin} more closed signals per bin" if verdict.more_per_bin else None,
    )


def judged(kind: Kind, holds: str, broken: str, settles: str | None) -> str:
    """A verdict of three in one line. settles: about how much more would decide it, None if nobody knows."""
    settled = f"about {settles} would settle it" if settles else ""
    why = {Kind.OK: holds, Kind.BROKEN: broken, Kind.NOT_ENOUGH_DATA: settled}[kind]
    return f"{MARKS[kind]}: {why}" if why else MARKS[kind]


def _what_is_broken(verdict: ScoreVerdict) -> str:
    if verdict.worst is not None and verdict.falls_in_one_pair:
        lower, higher, _ = verdict.worst
        return f"{higher} wins less often than {lower}"
    return "winrate falls as the score rises"


def bin_line(one: Bin) -> str:
    """`• 0.70-0.79: n=41, winrate=0.561`; the stop-losses without closure beside it where there are any."""
    line = f"• {one.label}: {counted(one.n, one.known)}, winrate={show_winrate(one)}"
    if one.sl:
        line += f" (sl={one.sl}, winrate_all={show_rate(one.winrate_all)})"
    return line


def show_winrate(one: Bin) -> str:
    """`0.561`, or `0.375–0.750` where some candles touched stop and target: the truth lies between."""
    at_best = f"–{show_rate(ratio(one.wins_at_best, one.n))}" if one.wins_at_best > one.wins else ""
    return f"{show_rate(one.winrate)}{at_best}"


def bin_detail(one: Bin) -> str:
    """Its interval, what it brought, what a round trip leaves of it, and what is still open; empty if nothing is."""
    said = []
    if one.expectancy is not None:
        low, high = one.interval
        said += [f"95 % {low:.2f}–{high:.2f}", show_expectancy(one.expectancy)]
    if one.break_even is not None:
        said += [f"break-even {say(one.break_even, '.3f')}", f"net winrate={show_net(one)}"]
    if one.open:
        said.append(f"open {one.open}")
    return ", ".join(said)


def show_net(one: Bin) -> str:
    """`0.500, +0.164 R`: winrate and mean outcome net of a round trip; of how many signals, if not of all closed."""
    return (
        f"{show_rate(ratio(one.wins_net, one.n_net))}, {say(one.net_r, '+.3f')} R{out_of(one.n_net, one.n)}"
    )


def counted(n: int, as_many: float) -> str:
    """`n=53, counts as 31`; `n=53` where each is a bet of its own."""
    return f"n={n}" if round(as_many) >= n else f"n={n}, counts as {as_many:.0f}"


def out_of(known: int, closed: int) -> str:
    """` (1 of 4)` behind a figure that is not of all closed signals."""
    return "" if known == closed else f" ({known} of {closed})"


def monotonicity_line(card: Scorecard) -> str:
    """Whether winrate rises with the score, with the pair that breaks it."""
    if too_few_bins(card):
        return "Monotonicity: - (fewer than two bins with closed signals)"
    if card.broken_by is None:
        return "Monotonicity: ✅ OK"
    lower, higher = card.broken_by
    return (
        f"Monotonicity: ❌ Broken ({higher.label}: {higher.wins}/{higher.n}"
        f" is below {lower.label}: {lower.wins}/{lower.n})"
    )


def too_few_bins(card: Scorecard) -> bool:
    """Whether there are not even two bins to compare."""
    return sum(1 for one in card.bins if one.n) < _BINS_TO_COMPARE


def figure_lines(week: Figures) -> list[str]:
    """What a signal was worth, how many came to anything, how fast. Nothing of what there is no data for."""
    lines = []
    if week.expectancy is not None:
        line = f"Expectancy: {show_expectancy(week.expectancy)}"
        if week.net_r is not None:
            line += f", net {say(week.net_r, '+.3f')} R{out_of(week.n_net, week.closed)}"
        if week.profit_factor is not None:
            line += f", profit factor {say(week.profit_factor, '.3f')}"
        if round(week.counts_as) < week.closed:
            line += f", {counted(week.closed, week.counts_as)}"
        lines.append(line)
        lines.append(
            f"Realised {week.expectancy.mean_r:+.3f} R of a mean target of {say(week.target_r, '.3f')} R"
        )
        lines.append(f"Score: Brier {week.brier} (a coin: 0.250), reliability {week.reliability} (best: 0)")
    if week.trigger_rate is not None and week.expiry_rate is not None:
        line = f"Triggered {week.trigger_rate:.1%}, expired {week.expiry_rate:.1%}"
        if week.median_to_trigger_ms is not None:
            line += f"; median {show_span(week.median_to_trigger_ms)} to trigger"
        if week.median_in_trade_ms is not None:
            line += f", {show_span(week.median_in_trade_ms)} in trade"
        lines.append(line)
    return lines


def group_lines(week: Figures) -> list[str]:
    """Closed signals by symbol, side, setup and rules version, where there is more than one to compare."""
    lines = []
    for kind in ("symbol", "side", "setup", "rules"):
        groups = [one for one in week.groups if one.kind == kind]
        if len(groups) > 1:
            shown = [
                f"{one.name} {one.wins}/{one.closed} ({one.expectancy.mean_r:+.3f} R)"
                for one in groups[:_MOST_NAMES]
            ]
            more = len(groups) - _MOST_NAMES
            lines.append(f"By {kind}: {', '.join(shown)}" + (f" and {more} more" if more > 0 else ""))
    return lines


def change_line(card: Scorecard) -> str:
    """The week beside the one before it, or an empty text if that one had no closed signal."""
    then, now = card.before, card.figures
    if then.expectancy is None or now.expectancy is None:
        return ""
    return (
        f"Change on last week: signals {then.published} → {now.published},"
        f" winrate {show_rate(ratio(then.wins, then.closed))} → {show_rate(ratio(now.wins, now.closed))},"
        f" expectancy {then.expectancy.mean_r:+.3f} → {now.expectancy.mean_r:+.3f} R"
    )


def show_expectancy(expectancy: Expectancy) -> str:
    """`+0.123 R (−0.05 … +0.30)`: the mean and its 95 % interval."""
    shown = f"{expectancy.mean_r:+.3f} R"
    if expectancy.interval_r is None:
        return shown
    low, high = expectancy.interval_r
    return f"{shown} ({low:+.2f} … {high:+.2f})"


def show_span(milliseconds: float) -> str:
    """A span of time as people say it: `42 s`, `7 min`, `3.5 h`."""
    minutes = milliseconds / 60_000
    if minutes < 1:
        return f"{milliseconds / 1000:.0f} s"
    return f"{minutes:.0f} min" if minutes < _MINUTES_OF_HOURS else f"{minutes / 60:.1f} h"


def revised_line(card: Scorecard) -> str:
    """What changed in the week before since its report was sent, or an empty text if nothing."""
    told = [f"{one.label} {one.then[0]}/{one.then[1]} → {one.now[0]}/{one.now[1]}" for one in card.revised]
    return f"Last week revised: {', '.join(told)}" if told else ""


def quality_line(card: Scorecard) -> str:
    """What the data lacks, or an empty text if nothing."""
    lacks = data_lacks(card)
    return f"Data quality: {lacks}" if lacks else ""


def data_lacks(card: Scorecard) -> str:
    """`orphans 1, still open 2`; an empty text if nothing is missing."""
    found = {
        "orphans": card.quality.orphans,
        "dead letters": card.quality.dead_letters,
        "duplicates": card.quality.duplicates,
        "conflicts": card.quality.conflicts,
        "still open": card.still_open,
    }
    return ", ".join(f"{name} {number}" for name, number in found.items() if number)


def sealed_line(card: Scorecard, *, whole: bool = False) -> str:
    """`Sealed through 2022-01-22: 3f2a9c1b77e04d52`: the newest seal of the record, its digest short or whole."""
    if card.sealed is None:
        return ""
    return f"Sealed through {card.sealed.through}: {card.sealed.digest if whole else card.sealed.short}"


def sources_line(card: Scorecard) -> str:
    """`Outcomes: 120 engine · 37 ghost`: who told them; an empty text where the engine told all."""
    week = card.figures
    return f"Outcomes: {week.by_engine} engine · {week.by_ghost} ghost" if week.by_ghost else ""


def signals_line(card: Scorecard) -> str:
    """How many signals, of which symbols, under which rules."""
    if not card.published:
        return "Signals: none"
    return f"Signals: {card.published} ({_names(card.symbols)}), rules {_names(card.rules_versions)}"


def show_rate(rate: Decimal | None) -> str:
    """A winrate as shown: three decimals, or `-` when there is none."""
    return say(rate, ".3f")


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMES])
    more = len(names) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
