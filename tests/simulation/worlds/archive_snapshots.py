"""The latest snapshot of each kind stands by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.simulation.worlds.archive_given import Line

if TYPE_CHECKING:
    from tests.simulation.worlds.archive_audit import Audit


def check_acknowledged(audit: Audit, line: Line) -> None:
    """A line was acknowledged. If the archive holds its content and no other under its id, it was the latest once."""
    if not line.event.endswith("_snapshot"):
        return
    names = {f"{one.path}{ending}" for one in audit.lines[line.line_id] for ending in ("", ".zst")}
    there = [name for name in sorted(names) if audit.shelf.size(name) and audit.is_readable(name)]
    kept = [one for name in there for one in audit.shelf.lines(name) if one.line_id == line.line_id]
    if kept and all(one.payload == line.payload for one in kept):
        check_latest(audit, {line.event: line.ts})


def check_latest(audit: Audit, times: Mapping[str, str]) -> None:
    """None by itself is older than these. Of one that Redis forgot a crash may have left a line only."""
    for event, ts in times.items():
        path = audit.shelf.root / "system" / f"{event}.json"
        lines = audit.shelf.lines(f"system/{event}.json") if path.exists() else []
        if len(lines) != 1 or lines[0].wrong:
            audit.world.fail("the latest snapshot", f"{path.name} holds {len(lines)} lines")
        elif lines[0].ts < ts:
            audit.world.fail("the latest snapshot", f"{path.name} is of {lines[0].ts}, there is one of {ts}")
