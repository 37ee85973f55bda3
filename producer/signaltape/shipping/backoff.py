"""How long to wait before trying again: doubling, capped, with jitter."""

from __future__ import annotations

import random

FIRST_S = 0.1
#: A server that is back is found within this time.
CAP_S = 5.0


class Backoff:
    """Successive waits of 0.1, 0.2, 0.4 … at most 5 seconds, each between half and all of that."""

    def __init__(self, first_s: float = FIRST_S, cap_s: float = CAP_S) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._tries = 0

    def next_s(self) -> float:
        """The next wait in seconds."""
        full = min(self._cap_s, self._first_s * 2.0 ** min(self._tries, 30))
        self._tries += 1
        return full * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked: begin small again."""
        self._tries = 0

    @property
    def waiting(self) -> bool:
        """Whether the last try failed."""
        return self._tries > 0
