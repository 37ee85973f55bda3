"""What became of each signal on both sides, in R: appeared, vanished, other outcome. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from replay.comparing.matching import Signal
from signaltape.contract.events import SignalClosed, SignalInvalidated, SignalTriggered

What = Literal["appeared", "vanished", "other outcome"]
_MOST_CHANGES = 1000
Met = tuple[Signal | None, Signal | None]


class Outcome(NamedTuple):
    """How a signal ended within the session, in a word, and its R if it was closed."""

    word: str | None
    r: Decimal | None


class SignalChange(Struct, frozen=True, kw_only=True, rename="camel"):
    """A signal that is not the same on both sides. difference: replayed less recorded, in R; what is not there is 0."""

    what: What
    signal_id: str | None
    replayed_signal_id: str | None
    symbol: str
    at: datetime
    recorded_outcome: str | None
    recorded_r: Decimal | None
    replayed_outcome: str | None
    replayed_r: Decimal | None
    difference: Decimal | None


class SignalCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """All signals, and the sum of R of those that were closed."""

    recorded: int
    replayed: int
    same: int
    appeared: int
    vanished: int
    other_outcome: int
    recorded_r: Decimal
    replayed_r: Decimal
    difference: Decimal


def outcome_of(signal: Signal) -> Outcome:
    """Closed, else invalidated, else where it stands when the session ends."""
    closed = signal.events.get(SignalClosed.EVENT)
    if closed is not None:
        fields = closed.fields
        return Outcome(_word(fields.get("exit_reason"), "closed"), Decimal(str(fields["rr_realized"])))
    invalidated = signal.events.get(SignalInvalidated.EVENT)
    if invalidated is not None:
        return Outcome(_word(invalidated.fields.get("reason"), "invalidated"), None)
    return Outcome("in trade" if SignalTriggered.EVENT in signal.events else "open", None)


def changes_of(met: Iterable[Met]) -> tuple[list[SignalChange], SignalCounts]:
    """The signals that are not the same, in order of time (so many at most), and all of them counted."""
    fates = [Fate(*one) for one in met]
    changes = sorted((one.change for one in fates if one.before != one.after), key=lambda one: one.at)
    kinds = Counter(one.what for one in changes)
    before = _sum(one.before for one in fates)
    after = _sum(one.after for one in fates)
    counts = SignalCounts(
        recorded=sum(one.before is not None for one in fates),
        replayed=sum(one.after is not None for one in fates),
        same=len(fates) - len(changes),
        appeared=kinds["appeared"],
        vanished=kinds["vanished"],
        other_outcome=kinds["other outcome"],
        recorded_r=before,
        replayed_r=after,
        difference=after - before,
    )
    return changes[:_MOST_CHANGES], counts


class Fate:
    """What became of a signal on both sides."""

    def __init__(self, recorded: Signal | None, replayed: Signal | None) -> None:
        self._recorded, self._replayed = recorded, replayed
        self.before = None if recorded is None else outcome_of(recorded)
        self.after = None if replayed is None else outcome_of(replayed)

    @property
    def what(self) -> What:
        """In words, if it is not the same."""
        return "appeared" if self.before is None else "vanished" if self.after is None else "other outcome"

    @property
    def change(self) -> SignalChange:
        """As a row of the table."""
        known = self._recorded or self._replayed
        assert known is not None
        before, after = self.before or Outcome(None, None), self.after or Outcome(None, None)
        return SignalChange(
            what=self.what,
            signal_id=self._recorded and self._recorded.signal_id,
            replayed_signal_id=self._replayed and self._replayed.signal_id,
            symbol=known.first.symbol or "",
            at=known.first.ts,
            recorded_outcome=before.word,
            recorded_r=before.r,
            replayed_outcome=after.word,
            replayed_r=after.r,
            difference=_difference(before.r, after.r),
        )


def _sum(outcomes: Iterable[Outcome | None]) -> Decimal:
    return sum((one.r for one in outcomes if one is not None and one.r is not None), Decimal(0))


def _difference(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    if before is None and after is None:
        return None
    return (after or Decimal(0)) - (before or Decimal(0))


def _word(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) else otherwise
