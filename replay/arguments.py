"""What the replay commands take: moments, speeds, names; anything odd is refused in one line or made harmless."""

from __future__ import annotations

import math
import sys
from datetime import datetime

import click

from replay.moments import moment


class MomentType(click.ParamType[datetime]):
    """An ISO time; without a zone it is WIB."""

    name = "time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read `2022-01-17T09:30` or `2022-01-17`, or fail with one line."""
        if isinstance(value, datetime):
            return value
        try:
            return moment(value)
        except ValueError:
            self.fail(f"a time looks like 2022-01-17T09:30 (WIB without a zone), got {value!r}", param, ctx)


class SpeedType(click.ParamType[float]):
    """How many times as fast as it was: a number above 0."""

    name = "number"

    def convert(self, value: str | float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a number, or fail with one line."""
        try:
            speed = float(value)
        except ValueError:
            speed = math.nan
        if not (speed > 0 and math.isfinite(speed)):
            self.fail(f"a speed is a number above 0 such as 10, got {value!r}", param, ctx)
        return speed


#: A number of events, or of one event.
COUNT = click.IntRange(1, sys.maxsize)
INDEX = click.IntRange(0, sys.maxsize)


def names_of(text: str) -> frozenset[str]:
    """Names with commas between them."""
    return frozenset(name for part in readable(text).split(",") if (name := part.strip()))


def readable(text: str) -> str:
    """A text that can be written down: what was no UTF-8 on the command line stands as `?`."""
    return text.encode("utf-8", "replace").decode()
