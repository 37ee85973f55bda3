"""Bars that a plan should have seen, read from the tape again, where they are not at hand any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from consumer.batch_size import BatchSize
from consumer.entry import Entry
from consumer.tape_order import TapeReader, before_ms, place_of
from ghost.incoming import bars_among, read
from ghost.model.bar import Bar
from ghost.past import Bars
from ghost.recent import Recent, is_past

log = logging.getLogger("ghost")

#: An engine's clock may be ahead of the server's: its bars then stand before the time they have.
_MARGIN_MS = 60_000
#: By how much, nobody knows: so it has all that stood on the tape for so long before the plan.
_END_MS = 3_600_000
_PAGE = 2_000
_PAGE_BYTES = 16 * 1024 * 1024
#: A plan of long ago is not followed through more than this.
_MOST = 500_000


def bars_of(entries: list[Entry], symbol: str, from_us: int) -> list[Bar]:
    """The good bars of a symbol among these entries that begin at or after a time."""
    bars = bars_among(read(entries).items)
    return [bar for bar in bars if is_past(bar) and bar.symbol == symbol and bar.begin_us >= from_us]


class Late:
    """Answers what a plan should have seen: out of what is at hand, else off the tape.

    alive: called before each page, which may be many of many plans: says that whoever reads so long does not hang.
    """

    def __init__(self, recent: Recent, reader: TapeReader, alive: Callable[[], None]) -> None:
        self._recent, self._reader, self._alive = recent, reader, alive

    def past(self, symbol: str, from_us: int, place: tuple[str, str]) -> Bars:
        """Bars that begin at or after a time and stand before a place."""
        at_hand = self._recent.since(symbol, from_us)
        if at_hand is not None:
            return Bars(at_hand)
        log.info("%s: bars are read again for what came late", symbol)
        from_ms = max(0, from_us // 1000 - _MARGIN_MS)
        found = Bars(whole=self._reader.reaches_back(from_ms))
        # the end is read in any case, by whatever clock the bars there are
        start_ms = min(from_ms, max(0, place_of(*place)[0] - _END_MS))
        found.bars = self._read(symbol, from_us, start_ms, place_of(*place), found)
        return found

    def _read(
        self, symbol: str, from_us: int, from_ms: int, place: tuple[int, int, int], found: Bars
    ) -> Iterator[Bar]:
        """Page by page, as far as it is asked: a plan that ends at its first bar needs no other."""
        positions, seen = before_ms(self._reader.keys, from_ms), 0
        size = BatchSize(_PAGE, _PAGE_BYTES)
        while seen < _MOST:
            self._alive()
            look = self._reader.look(positions, size.count)
            size.weigh(look.entries)
            before = [one for one in look.entries if place_of(one.stream, one.entry_id) < place]
            yield from bars_of(before, symbol, from_us)
            seen += len(before)
            if len(before) < len(look.entries) or not look.more:
                return
            positions = look.positions
        found.whole = False
