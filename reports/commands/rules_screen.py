"""Versions of the layer weights as a person reads them: the list, and one with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from reports.operations.rules import Version, WholeVersion
from reports.text.numbers import say_weight
from signaltape.clock import show, show_bare
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right

#: So much of a version's name is shown whole: it is typed again.
_VERSION_COLUMNS = 32


def show_versions(screen: Screen, rows: Sequence[Version]) -> None:
    """Print all versions."""
    if not rows:
        screen.say("no weights were proposed yet")
        screen.next("python -m reports scorecard --week WEEK, of a week that is over, proposes them")
        return
    states = Counter(row.status for row in rows)
    screen.say(f"versions: {len(rows)} ({', '.join(f'{n} {status}' for status, n in states.items())})")
    screen.table(
        (left("version", _VERSION_COLUMNS), left("changes"), left("status"), left("since, WIB")),
        [(row.version, row.parent, row.status, show_bare(row.decided_at or row.created_at)) for row in rows],
        [row.why for row in rows],
    )
    undecided = "python -m reports rules show VERSION, then accept or reject it"
    screen.next(undecided if states["proposed"] else NOTHING_TO_DO)


def show_version(screen: Screen, one: WholeVersion) -> None:
    """Print one version."""
    screen.say(f"{one.version} is {one.status}; weights: {len(one.weights)}", short=True)
    screen.gap()
    screen.block(
        [
            ("version", one.version),
            ("changes", one.parent),
            ("week of", one.week_start),
            ("made", show(one.created_at)),
            ("decided", show(one.decided_at) if one.decided_at else ""),
            ("why", one.why),
        ]
    )
    screen.table(
        (left("layer"), right("weight")),
        [(layer, say_weight(Decimal(weight))) for layer, weight in one.weights.items()],
    )
    screen.table(
        (
            left("layer"),
            right("matches"),
            right("lift, points"),
            right("95 % of it"),
            right("weeks"),
            left("verdict"),
        ),
        [_evidence(finding) for finding in one.evidence],
    )
    if one.status == "proposed":
        screen.next("python -m reports rules accept VERSION, or reject it")
    else:
        screen.next("python -m reports rules export VERSION writes it for the engine")


def _evidence(finding: Mapping[str, Any]) -> tuple[object, ...]:
    low, high = (f"{100 * end:+.1f}" for end in finding["interval"])
    lift = f"{100 * finding['lift']:+.1f}"
    weeks = f"{finding['weeks_same']} of {finding['weeks']}"
    return (finding["layer"], finding["matches"], lift, f"{low} … {high}", weeks, finding["verdict"])
