"""What a rule came to at one moment, of one subject; and what the guard's own checks are handed in as."""

from __future__ import annotations

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One rule, one subject, now.

    engine: whose it is, if it is an engine's. value, limit: in the rule's unit; of a burn rule both are burn rates.
    breached: None if it cannot be said, because too little was measured. well: so far from the limit that an alert may
    end. n: measurements behind it. examples: request ids.
    """

    subject: str
    value: float | None
    limit: float
    breached: bool | None
    well: bool
    n: int = 0
    examples: tuple[str, ...] = ()
    engine: str = ""


class Checked(Struct, frozen=True):
    """What one of the guard's checks came to. value: None if it cannot be said now. engine: whose, if an engine's."""

    figure: str
    subject: str
    value: float | None
    engine: str = ""
    examples: tuple[str, ...] = ()
