"""What is known of the layers, in the trader's words. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reports.evidence.pooling import WEEKS
from reports.layers.findings import Finding
from reports.layers.rules import Compared, Proposal
from reports.text.numbers import ratio, say, say_weight

#: So many of the best and so many of the worst layers are told.
MOST_TOLD = 3
#: The number behind a layer's name.
WHAT_LIFT_IS = "winrate of matches less that of all, in points"


def layer_lines(findings: Sequence[Finding]) -> list[str]:
    """The best three and the worst three layers, with what is shown of each. Nothing without layers."""
    lines = told_lines(findings)
    return [f"Layers, {WEEKS} weeks ({WHAT_LIFT_IS}):", *lines] if lines else []


def told_lines(findings: Sequence[Finding]) -> list[str]:
    """The same without their head."""
    few = len(findings) <= 2 * MOST_TOLD
    return [_line(one) for one in (findings if few else [*findings[:MOST_TOLD], *findings[-MOST_TOLD:]])]


def _line(one: Finding) -> str:
    lift = one.lift
    low, high = lift.interval
    mark = "▲" if lift.lift > 0 else "▼" if lift.lift < 0 else "="
    line = f"{mark} {one.layer} {lift.lift * 100:+.1f} ({low * 100:+.1f} … {high * 100:+.1f})"
    line += f", {lift.weeks_same} of {lift.weeks} weeks"
    if one.verdict:
        line += ": helps" if one.verdict > 0 else ": hurts"
    elif one.disagree:
        line += ": regression disagrees"
    return line


def weights_line(
    findings: Sequence[Finding],
    in_use: str | None,
    proposal: Proposal | None,
    waiting: str | None,
    standing: str = "proposed",
) -> str:
    """What follows for the weights, or an empty text without layers. `standing`: of the proposal, in words."""
    if not findings:
        return ""
    if in_use is None:
        return "Weights: signals carry none, so nothing is proposed"
    if waiting:
        return f"Weights: {waiting} is accepted, but signals still carry {in_use}"
    if proposal is not None:
        changes = ", ".join(
            f"{one.layer} {say_weight(one.before)} → {say_weight(one.after)}" for one in proposal.changes
        )
        return f"Weights: {proposal.version} {standing}: {changes}"
    return f"Weights: no change ({_why_none(findings)})"


def _why_none(findings: Sequence[Finding]) -> str:
    helping = ", ".join(one.layer for one in findings if one.verdict > 0)
    hurting = ", ".join(one.layer for one in findings if one.verdict < 0)
    if hurting and not helping:
        return f"{hurting} hurts, but no layer is shown to help and could take its weight"
    if helping and not hurting:
        return f"{helping} helps, but no layer is shown to hurt and could give weight"
    return "too little room to move" if helping else "no layer is shown to help or to hurt"


def compared_lines(compared: Sequence[Compared]) -> list[str]:
    """Rules versions beside what they changed, once both have closed signals."""
    if len(compared) < 2:
        return []
    return [
        f"Rules {one.version}: {one.wins}/{one.closed}, winrate={say(ratio(one.wins, one.closed), '.3f')},"
        f" {one.mean_r:+.3f} R"
        for one in compared
    ]
