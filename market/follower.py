"""One symbol followed at all providers: which seconds and minutes are told, in order, of whom. Pure.

Every provider's stream is made into bars all the time; those of the chosen one are told. When another has to step in,
its bars are there already, from where the last one fell silent: so nothing is missed, and no bar mixes two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from market.bars import Bar
from market.doubts import Doubts
from market.exchanges.base import Message
from market.failover import Choice, Failover, Standing
from market.gaps import Gap, Gaps
from market.judging import judged_bar, last_good
from market.minutes import Minutes, Usable
from market.said import Candle, Moved, Said, minute_of, of_bar, of_last_good, second_of
from market.sources import LineState, Source
from market.units import SECOND_US
from market.watchdog import MOST_US

#: The last good price is repeated for so long.
LAST_GOOD_FOR_US = 30 * SECOND_US
#: Seconds wait so long at most for the minutes before them that are asked for.
_HOLD_FOR_US = 10 * SECOND_US
#: A stream that is silent for so long, while another is not, is worth a new connection.
_FROZEN_FOR_US = 10 * SECOND_US
#: Nobody asks for more of the past than this.
MOST_GAP_US = 24 * 3600 * SECOND_US

Lines = Mapping[str, LineState]


class Follower:
    """Of one symbol. told_until_us: up to where an earlier process told seconds; minutes_us: and minutes.

    known: gaps that it knew of.
    """

    def __init__(
        self,
        symbol: str,
        now_us: int,
        told_until_us: int | None = None,
        minutes_us: int | None = None,
        known: Iterable[Gap] = (),
    ) -> None:
        self.symbol = symbol
        self.sources: dict[str, Source] = {}
        self.failover = Failover(now_us)
        self.choice = Choice(None)
        self.last: Candle | None = None
        #: seconds that begin then or later are still to be told
        self._from_us = max(told_until_us, now_us - MOST_GAP_US) if told_until_us is not None else None
        self._gaps, self._doubts = Gaps(known), Doubts()
        self._lost_us: int | None = None
        self._spoke_from_us: int | None = None
        self._untold_since_us: int | None = now_us
        self._noticed_us = 0
        self._hold: tuple[int, int] | None = None
        first_us = minute_of(minutes_us or self._from_us or now_us)
        self.minutes = Minutes(symbol, max(first_us, minute_of(now_us - MOST_GAP_US)), self._gaps)

    def take(self, provider: str, message: Message) -> None:
        """One message of a provider about this symbol."""
        self.source(provider).take(message)

    def source(self, provider: str) -> Source:
        """What the provider says of it."""
        if provider not in self.sources:
            self.sources[provider] = Source(provider, self.symbol)
        return self.sources[provider]

    @property
    def told_until_us(self) -> int | None:
        """Up to where seconds are told; None for none yet."""
        return self._from_us

    @property
    def gaps(self) -> list[Gap]:
        """What nobody saw of minutes that are not told yet."""
        return self._gaps.known()

    def untold_for_us(self, now_us: int) -> int:
        """For how long nobody has told it."""
        return now_us - self._untold_since_us if self._untold_since_us is not None else 0

    def step(self, lines: Lines, now_us: int) -> list[Said]:
        """All that is to be told and asked by now. lines: of the providers that have the symbol, in their order."""
        for name, line in lines.items():
            self.source(name).close(now_us - line.delay_us, now_us)
        standings = [self._standing(name, lines, now_us) for name in lines]
        said: list[Said] = [*self._choose(standings, now_us)]
        self._note_gap(now_us)
        said.extend(self._seconds(lines, now_us))
        usable = self._usable(standings)
        said.extend(self.minutes.step(self.sources, usable, self._told_until_us(lines, now_us), now_us))
        return said

    def _standing(self, name: str, lines: Lines, now_us: int) -> Standing:
        line = lines[name]
        if line.trouble:
            self.source(name).watchdog.rest()
        trouble = line.trouble or self._silence(name, lines, now_us)
        return Standing(name, trouble, line.slow or self._doubts.of(name, now_us))

    def _silence(self, name: str, lines: Lines, now_us: int) -> str:
        dog = self.source(name).watchdog
        others = [other for other, line in lines.items() if other != name and not line.trouble]
        heard = (self.source(other).watchdog.heard_us for other in others)
        others_us = max((us for us in heard if us is not None), default=None)
        if not dog.is_silent(now_us, others_us):
            return ""
        self.source(name).spoke_from_us = None  # what it says next may not follow upon what it said last
        return "is silent" if dog.heard_us is not None else "has said nothing yet"

    def frozen(self, now_us: int) -> list[str]:
        """Providers that have long been silent about it, though they are connected and others are not."""
        dogs = {name: one.watchdog for name, one in self.sources.items()}
        return [name for name, dog in dogs.items() if dog.silent_for_us(now_us) >= _FROZEN_FOR_US]

    def _choose(self, standings: list[Standing], now_us: int) -> Iterator[Moved]:
        before = self.choice.provider
        self.choice = self.failover.choose(standings, now_us)
        after = self.choice.provider
        if before == after:
            return
        self._untold_since_us = now_us if after is None else None
        self._noticed_us = second_of(now_us) - SECOND_US
        if before is not None:
            self._left(before)
        self._spoke_from_us = None
        yield Moved(self.symbol, before, after, self.choice.reasons, now_us)

    def _left(self, provider: str) -> None:
        """What it saw of its last second may be a part only: the next one tells that second, if nobody has."""
        source = self.sources[provider]
        seen_us = min(second_of(source.news_us), source.maker.closed_until_us)
        if seen_us and self._hold is None:
            self._from_us = self._lost_us = max(self._from_us or 0, seen_us)

    def _note_gap(self, now_us: int) -> None:
        """If the chosen one speaks on a connection that began later than the last told second ended."""
        chosen = self.choice.provider
        if chosen is None:
            return
        spoke_us = self.sources[chosen].spoke_from_us
        if spoke_us is None or spoke_us == self._spoke_from_us:
            return
        seen_us = self._lost_us if self._lost_us is not None else self._from_us
        self._spoke_from_us, self._lost_us = spoke_us, None
        if seen_us is None or spoke_us > seen_us:
            self._begin_at(second_of(spoke_us) + SECOND_US, seen_us, now_us)

    def _begin_at(self, whole_us: int, seen_us: int | None, now_us: int) -> None:
        """The first second that is seen as a whole; the minutes that were missed come before it."""
        self._from_us = max(whole_us, self._from_us or 0)
        if seen_us is not None:
            self._gaps.add(seen_us, whole_us)
            if self.minutes.next_us < minute_of(whole_us):
                self._hold = (minute_of(whole_us), now_us + _HOLD_FOR_US)

    def _seconds(self, lines: Lines, now_us: int) -> Iterator[Candle]:
        chosen = self.choice.provider
        if chosen is None:
            yield from self._last_good(now_us)
        elif not self._holds(now_us):
            for bar in self.sources[chosen].bars_from(max(self._from_us or 0, self.minutes.next_us)):
                yield self._told(bar, lines[chosen], self._prices_beside(chosen, now_us))

    def _told(self, bar: Bar, line: LineState, others: list[Decimal]) -> Candle:
        candle = of_bar(bar, judged_bar(bar, line, others, self.choice.reasons))
        self._doubts.note(bar.provider, candle.verdict, bar.received_us)
        if candle.verdict.data_quality != "bad":
            self.last = candle
        self._from_us = bar.end_us
        self.minutes.second_was_told(candle)
        return candle

    def _holds(self, now_us: int) -> bool:
        """Whether the minutes of a gap are to come first."""
        if self._hold is not None:
            until_us, at_the_latest_us = self._hold
            if self.minutes.next_us < until_us and now_us < at_the_latest_us:
                return True
            self._hold = None
        return False

    def _prices_beside(self, chosen: str, now_us: int) -> list[Decimal]:
        prices = (one.price(now_us) for name, one in self.sources.items() if name != chosen)
        return [price for price in prices if price is not None]

    def _last_good(self, now_us: int) -> Iterator[Candle]:
        last, lost_us = self.last, self._lost_us
        if last is None or lost_us is None:
            return
        begin_us = max(second_of(self._from_us or lost_us), self.minutes.next_us, self._noticed_us)
        while begin_us + SECOND_US <= now_us and begin_us < lost_us + LAST_GOOD_FOR_US:
            age_s = (begin_us + SECOND_US - last.exchange_us) / SECOND_US
            verdict = last_good(last.provider, age_s, self.choice.reasons)
            yield of_last_good(last, begin_us, now_us, verdict)
            begin_us += SECOND_US
            self._from_us = begin_us

    def _told_until_us(self, lines: Lines, now_us: int) -> int:
        """Up to where no second comes any more: where they wait for minutes, up to where those are waited for.

        While the chosen one says nothing it may yet turn out to be silent, and another would tell those seconds.
        """
        chosen = self.choice.provider
        if self._hold is not None or chosen is None:
            return self._hold[0] if self._hold is not None else 0
        until_us = now_us - lines[chosen].delay_us
        return min(until_us, max(self.sources[chosen].news_us, until_us - MOST_US))

    def _usable(self, standings: list[Standing]) -> Usable:
        chosen = self.choice.provider
        if chosen is None:
            return Usable([])
        others = [one.provider for one in standings if not one.trouble and one.provider != chosen]
        first = standings[0].provider if standings else None
        return Usable([chosen, *others], first, self.choice.reasons)
