"""Whose turn it is to be tried again: entries one by one, and of a kind that is refused no more for this round.

A round goes through all that is pending. It must reach whatever can be written now, however many entries of another
kind, or odd ones of the same kind, are refused before; and it must not take for ever.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from consumer.entry import Entry, kind_of

#: So many refusals of a kind in one round: the rest of its kind waits for the next round.
_MOST_REFUSED = 50
#: More than these of a kind are not kept in memory; the next round finds the rest. Of a kind: else one that is refused,
#: and so stays pending, would for ever take the room of those behind it.
_MOST_WAITING = 1000


class Isolation:
    """Entries that wait for an isolated attempt, and what was refused in this round. For one thread."""

    def __init__(self) -> None:
        self._waiting: deque[Entry] = deque()
        self._refused: Counter[bytes] = Counter()
        #: isolated attempts of an entry that ended in a refusal, until nothing is refused any more
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._cut = False

    def begin_round(self) -> None:
        """From the start: whatever waits is pending, and will be read again."""
        self._waiting.clear()
        self._refused.clear()
        self._cut = False

    def add(self, candidates: Sequence[Entry]) -> None:
        """Let entries wait for their turn: first those that were refused least often."""
        by_turn = sorted(
            [*self._waiting, *candidates], key=lambda entry: self._refusals[entry.stream, entry.entry_id]
        )
        self._waiting.clear()
        of_a_kind: Counter[bytes] = Counter()
        for entry in by_turn:
            of_a_kind[kind_of(entry)] += 1
            if of_a_kind[kind_of(entry)] <= _MOST_WAITING:
                self._waiting.append(entry)
            else:
                self._cut = True

    def tryable(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those whose kind was not refused in this round."""
        if not self._refused:
            return list(entries)
        return [entry for entry in entries if self._refused[kind_of(entry)] < _MOST_REFUSED]

    def pop(self) -> Entry | None:
        """The next one for an isolated attempt; None if there is none left in this round."""
        while self._waiting:
            entry = self._waiting.popleft()
            if self._refused[kind_of(entry)] < _MOST_REFUSED:
                return entry
        return None

    def refused(self, entries: Sequence[Entry], *, isolated: bool) -> None:
        """These were tried and are still refused; an isolated one stands for its kind."""
        for entry in entries:
            self._refused[kind_of(entry)] += _MOST_REFUSED if isolated else 1
            if isolated:
                self._refusals[entry.stream, entry.entry_id] += 1

    def forget(self) -> None:
        """Nothing is refused any more."""
        self._refusals.clear()

    @property
    def waiting(self) -> bool:
        """Whether any waits for its turn."""
        return bool(self._waiting)

    @property
    def is_cut(self) -> bool:
        """Whether all that waited had their turn and there are more of them pending."""
        return self._cut and not self._waiting
