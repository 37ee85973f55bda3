"""What was found, as a table for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tests.simulation.mutations.findings import Finding, Verdict

_COLUMNS = ("defect", "kind", "world", "found", "by", "seed", "after")
_STYLES = {Verdict.FOUND: "green", Verdict.NOT_FOUND: "red", Verdict.FAILED: "yellow"}


def as_table(findings: Sequence[Finding]) -> Table:
    """For a terminal."""
    table = Table(*_COLUMNS, title=said(findings))
    for one in findings:
        cells = [Text(cell) for cell in _cells(one)]
        cells[_COLUMNS.index("found")].stylize(_STYLES[one.verdict])
        table.add_row(*cells)
    return table


def as_markdown(findings: Sequence[Finding]) -> str:
    """For the docs."""
    columns = ("defect", "what is wrong", *_COLUMNS[1:])
    rows = [columns, ("---",) * len(columns)]
    for one in findings:
        name, *rest = _cells(one)
        rows.append((name, one.summary, *rest))
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return f"{said(findings)}\n\n" + "\n".join(lines) + "\n"


def said(findings: Sequence[Finding]) -> str:
    """The whole in one line."""
    found = sum(one.verdict is Verdict.FOUND for one in findings)
    return f"{found} of {len(findings)} defects were found"


def _cells(one: Finding) -> tuple[str, ...]:
    seed = "" if one.seed is None else str(one.seed)
    by = one.invariant or one.error
    return f"{one.room}/{one.name}", one.kind, one.world, one.verdict.value, by, seed, f"{one.seconds:.0f} s"
