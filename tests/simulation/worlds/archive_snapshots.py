"""The latest snapshot of each kind stands by itself."""

from __future__ import annotations

from collections.abc import Mapping

from tests.simulation.worlds.archive_given import Line
from tests.simulation.worlds.archive_known import Known


def check_acknowledged(known: Known, line: Line) -> None:
    """A line was acknowledged. If the archive holds its content and no other under its id, it was the latest once."""
    if not line.event.endswith("_snapshot"):
        return
    names = {f"{one.path}{ending}" for one in known.lines[line.line_id] for ending in ("", ".zst")}
    there = [name for name in sorted(names) if known.shelf.size(name) and known.is_readable(name)]
    kept = [one for name in there for one in known.shelf.lines(name) if one.line_id == line.line_id]
    if kept and all(one.payload == line.payload for one in kept):
        check_latest(known, {line.event: line.ts})


def check_latest(known: Known, times: Mapping[str, str]) -> None:
    """None by itself is older than these. Of one that Redis forgot a crash may have left a line only."""
    for event, ts in times.items():
        path = known.shelf.root / "system" / f"{event}.json"
        lines = known.shelf.lines(f"system/{event}.json") if path.exists() else []
        if len(lines) != 1 or lines[0].wrong:
            known.world.fail("the latest snapshot", f"{path.name} holds {len(lines)} lines")
        elif lines[0].ts < ts:
            known.world.fail("the latest snapshot", f"{path.name} is of {lines[0].ts}, there is one of {ts}")
