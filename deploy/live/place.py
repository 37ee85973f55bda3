"""Where the demo engine is in January, on disk: started again it goes on there."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec


class Place(msgspec.Struct, frozen=True):
    """began: when it was started for the first time, the mark of all its ids; since, until: moments of the market, from
    where on it records, and what was now at first; at: the minute that was recorded last, None while the weeks before
    are still being recorded; round: how often January has begun anew.
    """

    began: datetime
    since: datetime
    until: datetime
    at: datetime | None = None
    round: int = 0

    @property
    def label(self) -> str:
        """What the ids of this January are made of."""
        return f"{self.began.isoformat()}/{self.round}"


def read(path: Path) -> Place | None:
    """What was kept; None if there is nothing, or nothing that can be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError):
        return None


def keep(path: Path, place: Place) -> None:
    """Put it in the place of the former one, whole."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(place))
    os.replace(fresh, path)  # noqa: PTH105 - ten times a second
