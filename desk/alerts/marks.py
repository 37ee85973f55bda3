"""What an alert carries as lines of its own, so that nobody takes it for more than it is. Pure."""

from __future__ import annotations

from desk.alerts.model import Alert

BAD = "data_quality: bad — no entry shown"
DEGRADED = "data degraded: check the levels"
NO_RR = "RR not given"


def marks_of(alert: Alert) -> tuple[str, ...]:
    """The marks of an alert: the same whenever it is asked."""
    if alert.is_bad:
        return (BAD,)
    return tuple(
        mark
        for mark, is_so in (
            (DEGRADED, alert.is_degraded),
            (NO_RR, alert.rr is None and alert.planned is not None and alert.category != "health"),
        )
        if is_so
    )
