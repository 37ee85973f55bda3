"""The table of a drill, for a terminal and for the docs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from signaltape.terminal import left, right
from signaltape.terminal.table import table
from tests.drill.playing import Played

_COLUMNS = (
    left("case"), left("alert"), right("alert s"), right("shipped s"), right("seen s"), right("act s"), right("well s"),
    right("events"), right("lost"), right("twice"),
)  # fmt: skip


def as_table(played: Sequence[Played]) -> str:
    """For a terminal."""
    return "\n".join(table(_COLUMNS, [_row(one) for one in played], [""] * len(played), within=100))


def as_markdown(played: Sequence[Played]) -> str:
    """As it stands in docs/runbook.md."""
    heads = [column.head for column in _COLUMNS]
    rows = [heads, ["---"] * len(heads), *(_row(one) for one in played)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(one: Played) -> list[str]:
    times = (one.alert_s, one.shipped_s, one.seen_s, one.act_s, one.recover_s)
    counts = (one.accepted, one.lost, one.doubled)
    return [one.case, one.alert or "–", *map(_seconds, times), *map(str, counts)]


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
