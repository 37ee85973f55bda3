"""What the bars of one symbol have told so far, and whether one more says anything new.

A bar that begins where the last one ended, or later, is the next one. One that begins before is either *coarse* (longer
than each of the bars that lie in its span, none of which reaches out of it) or *late*. A coarse one that reached no
farther than they did says nothing new. What else it says, it says of all the time from its beginning up to the last bar
that was seen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from ghost.model.bar import Bar
from ghost.model.exact import plus
from ghost.model.sights import Sight, Told

_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_HOUR_US = 60 * _MINUTE_US
_DAY_US = 24 * _HOUR_US
#: What is younger than this is remembered by windows of this length: every usual candle is whole ones of those that are
#: as old as it may be when it comes. What is older than the last is forgotten.
_WINDOWS = (
    (90 * _SECOND_US, 5 * _SECOND_US),
    (10 * _MINUTE_US, _MINUTE_US),
    (70 * _MINUTE_US, 5 * _MINUTE_US),
    (25 * _HOUR_US, _HOUR_US),
    (8 * _DAY_US, _DAY_US),
)
_FINEST_US, _FORGOTTEN_US = _WINDOWS[0][1], _WINDOWS[-1][0]
#: When so many are remembered, the older ones are put together: then at most 18 + 10 + 13 + 25 + 8 are left.
_MOST = 110
#: Of bars that lie across the windows more are left: then it is done again only once so many have come.
_MORE = 30


class Span(NamedTuple):
    """How far the bars of a span of time went; `longest_us`: the length of the longest of them."""

    begin_us: int
    end_us: int
    longest_us: int
    high: Decimal
    low: Decimal
    volume: Decimal


class Seen(Struct, omit_defaults=True):
    """Of one symbol. until_us: what was seen ends here. bad, late: bars that were passed over. most: behind so many
    spans the older ones are put together."""

    until_us: int = 0
    close: Decimal | None = None
    bad: int = 0
    late: int = 0
    spans: list[Span] = []
    most: int = _MOST

    def look(self, bar: Bar) -> Sight | None:
        """How a bar is to be taken; None: it is passed over."""
        _, begin, end, _, high, low, close, volume, quality = bar
        if quality == "bad":
            self.bad += 1
            return None
        if begin < self.until_us:
            return self._behind(bar)
        spans = self.spans
        if spans and begin // _FINEST_US == spans[-1].begin_us // _FINEST_US == (end - 1) // _FINEST_US:
            spans[-1] = _longer(spans[-1], bar)
        else:
            spans.append(Span(begin, end, end - begin, high, low, volume))
            if len(spans) > self.most:
                self.spans = shortened(spans, end)
                self.most = max(_MOST, len(self.spans) + _MORE)
        self.until_us = end
        self.close = close
        return Sight(bar)

    def _behind(self, bar: Bar) -> Sight | None:
        first = _first_behind(self.spans, bar.begin_us)
        last = first
        while last < len(self.spans) and self.spans[last].begin_us < bar.end_us:
            last += 1
        within = self.spans[first:last]
        if not _is_coarse(bar, within):
            self.late += 1
            return None
        return self._coarse(bar, first, last, joined(within))

    def _coarse(self, bar: Bar, first: int, last: int, told: Span) -> Sight | None:
        if bar.end_us > self.until_us:
            self.until_us, self.close = bar.end_us, bar.close
        if bar.high <= told.high and bar.low >= told.low:
            return None
        later = self.spans[last:]
        self.spans[first:last] = [_widened(told, bar)]
        return _added(bar, told, later, self.until_us)


def _longer(span: Span, bar: Bar) -> Span:
    """The span and the bar behind it."""
    begin, _, longest, high, low, volume = span
    return Span(
        begin,
        bar.end_us,
        max(longest, bar.end_us - bar.begin_us),
        bar.high if bar.high > high else high,
        bar.low if bar.low < low else low,
        plus(volume, bar.volume),
    )


def _first_behind(spans: list[Span], begin_us: int) -> int:
    """The place of the first that ends behind this moment."""
    place = len(spans)
    while place and spans[place - 1].end_us > begin_us:
        place -= 1
    return place


def _is_coarse(bar: Bar, within: list[Span]) -> bool:
    if not within or within[0].begin_us < bar.begin_us or within[-1].end_us > bar.end_us:
        return False
    return bar.end_us - bar.begin_us > max(span.longest_us for span in within)


def _widened(told: Span, bar: Bar) -> Span:
    high, low, volume = max(told.high, bar.high), min(told.low, bar.low), max(told.volume, bar.volume)
    return Span(bar.begin_us, bar.end_us, told.longest_us, high, low, volume)


def _added(bar: Bar, told: Span, later: list[Span], until_us: int) -> Sight:
    """The bar together with those that were seen behind it: nothing says which of what it adds came before them."""
    all_told = joined([told, *later])
    taken = bar._replace(end_us=until_us, high=max(bar.high, all_told.high), low=min(bar.low, all_told.low))
    return Sight(taken, Told(all_told.high, all_told.low, told.volume))


def joined(spans: list[Span]) -> Span:
    """All of these as one."""
    volume = spans[0].volume
    for span in spans[1:]:
        volume = plus(volume, span.volume)
    return Span(
        spans[0].begin_us,
        spans[-1].end_us,
        max(span.longest_us for span in spans),
        max(span.high for span in spans),
        min(span.low for span in spans),
        volume,
    )


def shortened(spans: list[Span], now_us: int) -> list[Span]:
    """The older ones put together by windows of the clock."""
    groups: list[list[Span]] = []
    known: tuple[int, int] | None = None
    for span in spans:
        key = _window(span, now_us - span.end_us)
        if key is not None and key == known:
            groups[-1].append(span)
        elif now_us - span.end_us < _FORGOTTEN_US:
            groups.append([span])
        known = key
    return [joined(group) if len(group) > 1 else group[0] for group in groups]


def _window(span: Span, age_us: int) -> tuple[int, int] | None:
    """The window that a span of this age is put together with others in; None if it is longer, or lies across."""
    for younger_us, length in _WINDOWS:
        if age_us < younger_us:
            window = span.begin_us // length
            return (length, window) if window == (span.end_us - 1) // length else None
    return None
