"""An alert: one rule, one subject, from the moment it was breached until it is over. A row of guard_alerts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["pending", "firing", "resolved"]
#: How it ended, in words.
ENDED = {
    "well": "well again",
    "gone": "too little is measured to say so",
    "rule": "its rule is not in force any more",
}
NAMESPACE = uuid.UUID("7d6f0c0e-5a1b-4f0e-9a53-1f5c8f1d2b11")


class Alert(Struct, frozen=True, kw_only=True):
    """What is known of it, all that the next step needs.

    id: of rule, subject and beginning. since: when the breach began. seen_at: when something could be said of it last,
    so that a gap is noticed. well_since: firing, and well since then. ended: why it is over, a key of ENDED.
    told: how often it was told; last_told_at: when, or when another alert last told it in its place. value,
    limit_value: as of seen_at. examples: request ids.
    """

    id: uuid.UUID
    rule: str
    category: str
    subject: str
    engine: str = ""
    state: State = "pending"
    since: datetime
    seen_at: datetime
    fired_at: datetime | None = None
    well_since: datetime | None = None
    resolved_at: datetime | None = None
    ended: str | None = None
    last_told_at: datetime | None = None
    told: int = 0
    value: float | None = None
    limit_value: float | None = None
    examples: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Of this at most one alert is open."""
        return self.rule, self.subject


class Step(Struct, frozen=True):
    """What one evaluation makes of an alert. alert: as it stands behind it; None: there is none any more.

    nothing   no alert, or none that changed in what it says
    pending   breached, but not yet for long enough
    fire      breached for long enough: it fires now
    repeat    it fires, and is to be told (again)
    resolve   it is over
    withdraw  it never fired, and is breached no more: as if it had not been
    """

    what: Literal["nothing", "pending", "fire", "repeat", "resolve", "withdraw"]
    alert: Alert | None
