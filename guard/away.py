"""For how long Postgres was away: it can only be told once it is back, and then for long enough to be told. Pure."""

from __future__ import annotations

#: So long after its return it is said: longer than alerts gather before they are told.
SAID_FOR_S = 30.0


class Away:
    """Of one server. All times are seconds of a clock that never goes back."""

    def __init__(self) -> None:
        self._lost_at: float | None = None
        self._away_s, self._back_at = 0.0, 0.0

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
        return self._away_s if now_s - self._back_at <= SAID_FOR_S else 0.0
