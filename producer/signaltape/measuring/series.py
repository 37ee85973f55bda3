"""What was measured of one thing since the last flush, and the record that becomes of it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from signaltape.measuring.histogram import Histogram
from signaltape.measuring.names import Key, shortened

#: How much of a histogram stands in a record, so that all of it is at most 2 KB. Its contract would allow for more.
HISTOGRAM_CHARS = 1100
#: So many request ids stand in a record.
MOST_EXAMPLES = 3
#: An id comes from outside: this much of it is kept, in bytes.
LONGEST_ID = 64
#: By the end of a figure's name; of any other it is "number".
UNITS = frozenset({"us", "ms", "s", "h", "bytes", "mb", "pct", "bps", "usd"})
_SERVER_ERROR, _TOO_MANY, _CLIENT_ERROR, _REDIRECT = 500, 429, 400, 300
_FAILED = "5xx"


class Series:
    """Values of one figure of one thing. Its Recorder's lock is held around every call of `add`.

    A signal handler may measure amid an `add` of its own thread: each statement is whole by itself.
    """

    __slots__ = (
        "_errors",
        "_histogram",
        "_key",
        "_slowest",
        "_statuses",
        "last",
        "max",
        "min",
        "since",
        "sum",
    )

    def __init__(self, key: Key, since: datetime) -> None:
        self._key, self.since = key, since
        self._histogram = Histogram()
        self._statuses: defaultdict[str, int] = defaultdict(int)
        self._errors: list[str] = []
        self._slowest: list[tuple[float, str]] = []
        self.sum, self.min, self.max, self.last = 0.0, float("inf"), float("-inf"), 0.0

    def add(self, index: int, value: float) -> None:
        """Count a value. index: of its bucket."""
        self._histogram.counts[index] += 1
        self.sum += value
        self.last = value
        if value < self.min:  # noqa: PLR1730 - the engine waits for this, and a call takes longer
            self.min = value
        if value > self.max:  # noqa: PLR1730
            self.max = value

    def answered(self, status: str, ms: float, request_id: str | None) -> None:
        """Count an answer, and keep the ids of those that failed and of the slowest.

        status: by its class, see `status_class`. An id that is no text is none: it must not cost the record.
        """
        self._statuses[status] += 1
        if type(request_id) is not str:
            return
        if status == _FAILED:
            self._errors[:] = [*self._errors, request_id][-MOST_EXAMPLES:]
        if len(self._slowest) < MOST_EXAMPLES or ms > self._slowest[-1][0]:
            self._slowest[:] = sorted([*self._slowest, (ms, request_id)], reverse=True)[:MOST_EXAMPLES]

    def fields(self, until: datetime) -> dict[str, Any]:
        """The record's, up to a moment. A clock that was set back makes no span that ends before it began."""
        found = {
            **self._key._asdict(),
            "unit": unit_of(self._key.figure),
            "since": min(self.since, until),
            "timestamp": until,
            "count": self._histogram.count,
            "sum": self.sum,
            "min": self.min,
            "max": self.max,
            "last": self.last,
            "histogram": self._histogram.to_text(HISTOGRAM_CHARS),
            "statuses": dict(self._statuses) or None,
            "examples": self._examples() or None,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _examples(self) -> list[str]:
        newest_first = self._errors[::-1]
        ids = (*newest_first, *(one for _, one in self._slowest))
        return [shortened(one, LONGEST_ID) for one in dict.fromkeys(ids)][:MOST_EXAMPLES]


def status_class(status: int) -> str:
    """How a status is counted: "2xx" (also what is below 200), "3xx", "4xx", "429" apart, "5xx"."""
    if status < _REDIRECT:
        return "2xx"
    if status == _TOO_MANY:
        return "429"
    return "3xx" if status < _CLIENT_ERROR else "4xx" if status < _SERVER_ERROR else _FAILED


def unit_of(figure: str) -> str:
    """The unit that a figure's name ends with, such as ms of rtt_ms; "number" if it names none."""
    unit = figure.rpartition("_")[2]
    return unit if unit in UNITS else "number"
