"""The summaries that retention leaves: what it deleted stands in them, once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec

from tests.simulation.worlds.archive_known import Known

WIB = timedelta(hours=7)


def check_summaries(known: Known) -> None:
    """What retention deleted was counted once."""
    if known.world.disturbed_by_hand:
        return
    left = {line.line_id for name in known.shelf.files() for line in known.shelf.lines(name)}
    surely, perhaps = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for line_id, lines in known.lines.items():
        if line_id in left or len({(one.path, one.ts) for one in lines}) > 1:
            continue
        day = str((lines[0].at + WIB).date())
        if line_id in known.acknowledged_ids:
            surely[lines[0].group, day] += 1
        perhaps[lines[0].group, day] += len(lines)
    ambiguous = {
        (one.group, str((one.at + WIB).date()))
        for lines in known.lines.values()
        if len({(one.path, one.ts) for one in lines}) > 1
        for one in lines
    }
    counted = Counter[tuple[str, str]]()
    for path in sorted(known.shelf.root.glob("summaries/*/day-*.json")):
        document = msgspec.json.decode(path.read_bytes())
        counted[path.parent.name, document["day"]] = sum(document["counts"].values())
    for place in sorted(surely.keys() | counted.keys()):
        if place not in ambiguous and not surely[place] <= counted[place] <= perhaps[place]:
            known.world.fail(
                "summaries",
                f"{place} counts {counted[place]}, gone are {surely[place]} to {perhaps[place]}",
            )
