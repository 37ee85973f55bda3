"""For how long Postgres was away: it can only be told once it is back, and then for long enough to be told. Pure."""

from __future__ import annotations

from datetime import timedelta

#: So long after its return it is said at least.
SAID_FOR_S = 30.0


class Away:
    """Of one server. All times are seconds of a clock that never goes back.

    gather: for how long alerts gather before they are told; every_s: between two evaluations. It is said until the
    evaluation by which it has been told, and one more that comes late: else it would be well before that, and untold.
    """

    def __init__(self, gather: timedelta, every_s: float) -> None:
        self._lost_at: float | None = None
        self._away_s, self._back_at = 0.0, 0.0
        self._said_for_s = max(SAID_FOR_S, gather.total_seconds() + 2 * every_s)

    def lost(self, now_s: float) -> None:
        """It did not answer, or could not write."""
        self._lost_at = now_s if self._lost_at is None else self._lost_at

    def back(self, now_s: float) -> None:
        """It has written: only that shows that it is back."""
        if self._lost_at is not None:
            self._away_s, self._back_at, self._lost_at = now_s - self._lost_at, now_s, None

    def forget(self) -> None:
        """Another one sees to it."""
        self._lost_at, self._away_s = None, 0.0

    def seconds(self, now_s: float) -> float:
        """For how long it has been away, or was until a moment ago; else 0."""
        if self._lost_at is not None:
            return now_s - self._lost_at
        return self._away_s if now_s - self._back_at <= self._said_for_s else 0.0
