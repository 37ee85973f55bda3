"""Places for those who follow: a number of them, and a share of these for each key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from web.http.access import Who
from web.http.problems import Problem

#: Those of one key at most.
MOST_OF_ONE = 20
_LATER = {"Retry-After": "30"}


class Places:
    """So many at most. Who asks on this machine without a key shares with nobody."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()

    @contextmanager
    def one(self, who: Who) -> Iterator[None]:
        """A place, taken at once. Raises Problem if there is none for them."""
        if self._taken.total() >= self._most:
            raise Problem(503, "Too many follow already. Try again later.", headers=_LATER)
        if who.key is not None and self._taken[who.counted_as] >= MOST_OF_ONE:
            raise Problem(
                503, f"This key follows {MOST_OF_ONE} times already. Try again later.", headers=_LATER
            )
        self._taken[who.counted_as] += 1
        try:
            yield
        finally:
            self._taken[who.counted_as] -= 1
            self._taken += Counter()  # names without a place are forgotten
