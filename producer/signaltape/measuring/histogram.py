"""A histogram that can be added to others: every quantile within 1 %, whatever the unit, in a short text.

Buckets are of equal width on a logarithmic scale, as in DDSketch (Masson, Rim, Lee: "DDSketch: a fast and
fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019, section 2). They are the same everywhere,
so histograms of any processes and times are added up bucket by bucket, here or in SQL, with no loss.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

from signaltape.errors import InvalidEvent
from signaltape.measuring.text import LONGEST, read_buckets, write_buckets

#: A quantile is at most this share away from the value that stands there.
ALPHA = 0.01
#: A bucket's upper bound over its lower one.
GAMMA = (1 + ALPHA) / (1 - ALPHA)
LOG_GAMMA = math.log(GAMMA)
#: What is no more than this, 0 and less included, is one bucket, whose value is 0.
SMALLEST = 1e-3
#: The index of that bucket: just below that of the next value.
ZERO = math.ceil(math.log(SMALLEST) / LOG_GAMMA) - 1
#: No value is larger, in either direction: the bound of numbers in records.
LARGEST = 1e15
LAST = math.ceil(math.log(LARGEST) / LOG_GAMMA)


def index_of(value: float, named: str = "a value") -> int:
    """The bucket of a value: the least i with GAMMA ** i >= value. Raises InvalidEvent beyond LARGEST, and for NaN."""
    if not -LARGEST <= value <= LARGEST:
        raise InvalidEvent(f"{named} must be a number between -1e15 and 1e15, got {value}")
    return ZERO if value <= SMALLEST else math.ceil(math.log(value) / LOG_GAMMA)


def value_of(index: int) -> float:
    """What a bucket's values are taken for: 2 * GAMMA ** i / (GAMMA + 1), within ALPHA of each; 0 of bucket ZERO."""
    return 0.0 if index == ZERO else float(2 * GAMMA**index / (GAMMA + 1))


class Histogram:
    """How often which values were seen. Not for several threads at once: see `signaltape.measuring.Recorder`.

    counts: by the bucket's index.
    """

    __slots__ = ("counts",)

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: defaultdict[int, int] = defaultdict(int, counts or {})

    def add(self, value: float, times: int = 1) -> None:
        """Count a value. Raises InvalidEvent for one beyond LARGEST, and for NaN."""
        self.counts[index_of(value)] += times

    def merge(self, other: Histogram) -> None:
        """Add all that another one has counted."""
        for index, count in other.counts.items():
            self.counts[index] += count

    @property
    def count(self) -> int:
        """How many values were seen."""
        return sum(self.counts.values())

    def buckets(self) -> dict[int, int]:
        """Counts by index, the smallest values first."""
        return dict(sorted(self.counts.items()))

    def quantile(self, q: float) -> float | None:
        """The value below which a share of all lies, within ALPHA; None if nothing was seen.

        It is that of the value with the number floor(q * (count - 1)), counted from 0 (numpy: method="lower").
        In SQL: the first bucket, by index, whose running count is more than that number.
        Raises ValueError if q is not in 0..1.
        """
        if not 0 <= q <= 1:
            raise ValueError(f"q must be in 0..1, got {q}")
        wanted = math.floor(q * (self.count - 1))
        running = 0
        for index, count in sorted(self.counts.items()):
            running += count
            if running > wanted:
                return value_of(index)
        return None

    def above(self, limit: float) -> int:
        """How many values were above a limit; those within its own bucket (2 % wide) are not counted.

        Raises InvalidEvent for a limit beyond LARGEST, and for NaN.
        """
        last = index_of(limit)
        return sum(count for index, count in self.counts.items() if index > last)

    def to_text(self, longest: int = LONGEST) -> str:
        """As it stands in a record: at most 2,000 characters, or so many.

        With 2,000 exact for any 380 buckets of up to 32,768 values each, and for far more that lie side by side. If it
        would be longer, the buckets of the smallest values become one: what is above it keeps its quantiles.
        """
        return write_buckets({index - ZERO: count for index, count in self.counts.items() if count}, longest)

    @classmethod
    def from_text(cls, text: str) -> Histogram:
        """What `to_text` wrote. Raises ValueError, in words, for any other text, and for counts beyond 10^12."""
        return cls({place + ZERO: count for place, count in read_buckets(text, LAST - ZERO).items()})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self._seen() == other._seen()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Histogram({self.to_text()!r})"

    def _seen(self) -> dict[int, int]:
        return {index: count for index, count in self.counts.items() if count}
