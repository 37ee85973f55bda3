"""An alert: one rule, one subject, from the moment it was breached until it is over. A row of guard_alerts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["pending", "firing", "resolved"]
#: How it ended: it is well again; nothing was measured any more that could say so; its rule is gone.
Ended = Literal["well", "gone", "rule"]
_NAMESPACE = uuid.UUID("7d6f0c0e-5a1b-4f0e-9a53-1f5c8f1d2b11")


class Alert(Struct, frozen=True, kw_only=True):
    """What is known of it, all that the next step needs.

    since: when the breach began. seen_at: when it was last seen breached, or well, so that a gap in what can be said
    is noticed. well_since: firing, and well since then. told: how often it was told; last_told_at: when.
    value, limit_value: at the last evaluation that could say something. examples: request ids.
    """

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
    ended: Ended | None = None
    last_told_at: datetime | None = None
    told: int = 0
    value: float | None = None
    limit_value: float | None = None
    examples: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """Of this at most one alert is open."""
        return self.rule, self.subject

    @property
    def id(self) -> uuid.UUID:
        """The same wherever the run was cut: of its rule, its subject and its beginning."""
        return uuid.uuid5(_NAMESPACE, f"{self.rule}\x00{self.subject}\x00{self.since.timestamp():.6f}")


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
