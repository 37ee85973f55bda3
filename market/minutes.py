"""Which candle of one minute is told next, of which provider, and which are to be asked for. Pure.

A minute is told once, in order, behind its seconds: the candle of the provider that told the seconds if it can be had,
else of another, which says so. After a gap the minutes that were missed come the same way, all asked for at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from market.exchanges.base import CandleRow
from market.gaps import Gaps
from market.judging import judged_row, with_bad_seconds
from market.said import Candle, Want, minute_of, of_row
from market.sources import Source
from market.units import MINUTE_US, SECOND_US

#: A stream brings the candle of a minute that is over within so long, or it is asked for.
_STREAM_WITHIN_US = 2_500_000
#: How soon one provider is asked again.
ASK_EVERY_US = 2 * SECOND_US
#: After so long any provider's candle will do; after so long none is to be had.
_OTHERS_AFTER_US, _GIVE_UP_US = 5 * SECOND_US, 60 * SECOND_US


class Usable(NamedTuple):
    """Who can be asked now, the chosen one first, and why it is not the first of all; nobody if there is none."""

    names: Sequence[str]
    first: str | None = None
    reasons: Sequence[str] = ()


class Minutes:
    """Of one symbol. next_us: the begin of the minute that is told next."""

    def __init__(self, symbol: str, next_us: int, gaps: Gaps) -> None:
        self._symbol = symbol
        self._gaps = gaps
        self._tellers: dict[int, list[str]] = {}
        #: by minute and provider, why one of its seconds was bad
        self._bad: dict[tuple[int, str], str] = {}
        self._due_since_us: int | None = None
        self._ask_at_us: dict[str, int] = {}
        self.next_us = next_us
        self.given_up = 0

    def second_was_told(self, second: Candle) -> None:
        """A provider's bar stands for a part of its minute."""
        minute_us, provider = minute_of(second.begin_us), second.provider
        tellers = self._tellers.setdefault(minute_us, [])
        if provider not in tellers:
            tellers.append(provider)
        if second.verdict.data_quality == "bad":
            self._bad.setdefault((minute_us, provider), second.verdict.reasons[0])

    def step(
        self, sources: Mapping[str, Source], usable: Usable, told_until_us: int, now_us: int
    ) -> Iterator[Candle | Want]:
        """What is to be told and asked now. told_until_us: up to where seconds are told, or were none."""
        while self.next_us + MINUTE_US <= told_until_us and usable.names:
            since_us = self._due_since_us = self._due_since_us or now_us
            found = self._found(sources, usable, now_us - since_us)
            if found is not None:
                yield self._candle(*found, self._closes_beside(found[0], sources), usable)
            elif now_us - since_us < _GIVE_UP_US:
                yield from self._wants(usable, now_us, now_us - since_us)
                return
            else:
                self._give_up(sources, now_us)
                continue
            self._go_to(self.next_us + MINUTE_US, sources)

    def _found(
        self, sources: Mapping[str, Source], usable: Usable, waited_us: int
    ) -> tuple[str, CandleRow] | None:
        for name in self._candidates(sources, usable, waited_us):
            row = sources[name].rows.get(self.next_us)
            if row is not None:
                return name, row
        return None

    def _candidates(self, sources: Mapping[str, Source], usable: Usable, waited_us: int) -> list[str]:
        """Whose candle may be told, best first: at first only of who told the seconds, if that can be asked."""
        best = self._best(usable)
        if best in usable.names and waited_us < _OTHERS_AFTER_US:
            return [best] if best in sources else []
        return [name for name in (best, *usable.names) if name in sources]

    def _best(self, usable: Usable) -> str:
        tellers = self._tellers.get(self.next_us)
        return tellers[-1] if tellers else usable.names[0]

    def _closes_beside(self, name: str, sources: Mapping[str, Source]) -> list[Decimal]:
        """What the others say of the same minute."""
        rows = (one.rows.get(self.next_us) for other, one in sources.items() if other != name)
        return [row.close for row in rows if row is not None]

    def _candle(self, name: str, row: CandleRow, others: Sequence[Decimal], usable: Usable) -> Candle:
        reasons = list(usable.reasons) if name == usable.names[0] else []
        tellers = self._tellers.get(self.next_us, [])
        if tellers and tellers != [name]:
            reasons.append(f"candle of {name}, seconds of {' and '.join(tellers)}")
        if not reasons and usable.first not in (None, name):
            reasons.append(f"not of {usable.first}")
        verdict = judged_row(row, self._gaps.seconds_in(self.next_us), others, reasons)
        return of_row(name, row, with_bad_seconds(verdict, self._bad.get((self.next_us, name))))

    def _wants(self, usable: Usable, now_us: int, waited_us: int) -> Iterator[Want]:
        """A stream may still bring what just ended; the rest is asked for, up to the last minute that is over."""
        is_missed = self._gaps.seconds_in(self.next_us) is not None
        if not is_missed and now_us < self.next_us + MINUTE_US + _STREAM_WITHIN_US:
            return
        names = usable.names if waited_us >= _OTHERS_AFTER_US else [self._asked_first(usable)]
        for name in names:
            if now_us >= self._ask_at_us.get(name, 0):
                self._ask_at_us[name] = now_us + ASK_EVERY_US
                yield Want(name, self._symbol, self.next_us, minute_of(now_us))

    def _asked_first(self, usable: Usable) -> str:
        best = self._best(usable)
        return best if best in usable.names else usable.names[0]

    def _give_up(self, sources: Mapping[str, Source], now_us: int) -> None:
        """Nobody has it: on to the next that somebody has."""
        later = [us for source in sources.values() for us in source.rows if us > self.next_us]
        to_us = min([*later, max(minute_of(now_us - _GIVE_UP_US), self.next_us + MINUTE_US)])
        self.given_up += (to_us - self.next_us) // MINUTE_US
        self._go_to(to_us, sources)

    def _go_to(self, us: int, sources: Mapping[str, Source]) -> None:
        self.next_us = us
        if self._due_since_us is not None and us + MINUTE_US > self._due_since_us:
            self._due_since_us = None  # else it was missed by then as well, and has waited as long
        self._tellers = {begin: names for begin, names in self._tellers.items() if begin >= us}
        self._bad = {key: why for key, why in self._bad.items() if key[0] >= us}
        self._gaps.forget_before(us)
        for source in sources.values():
            for begin in [one for one in source.rows if one < us]:
                del source.rows[begin]
