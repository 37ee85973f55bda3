"""Lengths of time as a rules file says them: `10s`, `5m`, `6h`, `3d`."""

from __future__ import annotations

import re
from datetime import timedelta

_FORM = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
#: Measurements are kept 40 days; nothing looks further back.
LONGEST = timedelta(days=40)


class Span(timedelta):
    """A length of time that a rule names: a timedelta of a class of its own, so that files are read strictly."""


def read_span(text: object) -> Span:
    """A length of time out of its text. Raises ValueError, in words, for anything else."""
    form = _FORM.fullmatch(text) if isinstance(text, str) else None
    if form is None:
        raise ValueError(f"must be a length of time such as 10s, 5m, 6h or 3d, got {text!r}")
    span = Span(seconds=int(form[1]) * _SECONDS[form[2]])
    if span > LONGEST:
        raise ValueError(f"must be at most 40d, got {text!r}")
    return span


def written(span: timedelta) -> str:
    """`5 min`, `90 s`, `6 h`, `3 d`: in the largest unit that it is a whole number of."""
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
