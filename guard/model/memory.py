"""What the guard has at hand: slots of the last minutes, counts of the last days, when each was seen last.

No clock and no I/O: whoever holds it says what was measured and what time it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from guard.model.counting import AT_HAND, concerns, counted, good_bad, subject_of
from guard.model.findings import Checked
from guard.model.lateness import Lateness
from guard.model.ring import Ring
from guard.model.rules import Absent, Burn, Measured, Rules, Threshold
from guard.model.series import Series
from guard.model.slots import MINUTE, Key, Slot

#: Nothing is missed for less, whatever rules say.
_A_DAY = timedelta(days=1)


class Memory:
    """What rules are evaluated on.

    checks: what the guard's own checks came to last. lateness: what the tape shows of engines' clocks. read_until: all
    that was on the tape at that moment is in here; None: it is not known, so nothing can be called absent.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.checks: list[Checked] = []
        self.lateness = Lateness()
        self.read_until: datetime | None = None
        self._counted = counted(rules)
        self._slots: defaultdict[Key, Series] = defaultdict(Series)
        self._rings: dict[tuple[str, str], Ring] = {}
        self._engines: dict[tuple[str, str], str] = {}
        self._seen: dict[Key, datetime] = {}
        #: further back nothing is missed
        self.missed_within = max(
            [_A_DAY, *(rule.within for rule in rules.rule.values() if isinstance(rule, Absent))]
        )
        #: by rule, of each key whom it is about
        self._concerned: defaultdict[str, dict[Key, str | None]] = defaultdict(dict)

    def take(self, slot: Slot, *, counts: bool = True) -> None:
        """Add what was measured, in any order. counts: False if `take_counts` is given its good and bad."""
        self.saw(slot.key, slot.last_at)
        self._slots[slot.key].add(slot)
        for rule in self._counted if counts else ():
            split = good_bad(rule, slot)
            if split is not None:
                self.take_counts(rule.name, subject_of(rule, slot), slot.at, *split, engine=slot.engine)

    def take_counts(
        self, rule: str, subject: str, minute: datetime, good: int, bad: int, engine: str = ""
    ) -> None:
        """Add good and bad of a minute: what was written down of before. A rule that is not in force is left out."""
        known = self.rules.rule.get(rule)
        if not isinstance(known, Burn | Threshold):
            return
        ring = self._rings.get((rule, subject))
        if ring is None:
            ring = self._rings[rule, subject] = Ring(_minutes(_longest(known)) + 2)
        self._engines[rule, subject] = engine
        ring.add(_number(minute), good, bad)

    def saw(self, key: Key, at: datetime) -> None:
        """Note that something of it was measured."""
        self._seen[key] = max(self._seen.get(key, at), at)

    @property
    def seen(self) -> Mapping[Key, datetime]:
        """When each was measured last."""
        return self._seen

    def forget(self, now: datetime) -> None:
        """Let go of what no window reaches any more: slots, counts, and names that nobody misses."""
        for series in self._slots.values():
            series.forget(now - AT_HAND)
        for key in [key for key, series in self._slots.items() if not series]:
            del self._slots[key]
        self.lateness.forget(now)
        known = min(now, self.read_until or now)
        for key in [key for key, at in self._seen.items() if known - at > self.missed_within]:
            del self._seen[key]
            for concerned in self._concerned.values():
                concerned.pop(key, None)
        for which in [which for which, ring in self._rings.items() if ring.is_over(_number(now))]:
            del self._rings[which], self._engines[which]

    def checked(self, now: datetime) -> list[Checked]:
        """All that rules of kind `check` are about."""
        return [*self.checks, *self.lateness.checked(now)]

    def slots(self, rule: Measured, window: timedelta, now: datetime) -> dict[str, list[Slot]]:
        """Of each subject what was measured in the last `window`."""
        found: defaultdict[str, list[Slot]] = defaultdict(list)
        for key, series in self._slots.items():
            if (subject := self._subject(rule, key)) is not None:
                found[subject] += series.window(window, now)
        return {subject: slots for subject, slots in found.items() if slots}

    def subjects(self, rule: Burn | Threshold) -> Iterator[tuple[str, str]]:
        """Subjects that good and bad were counted of, each with its engine."""
        return ((subject, self._engines[name, subject]) for name, subject in self._rings if name == rule.name)

    def sums(self, rule: Burn | Threshold, subject: str, window: timedelta, now: datetime) -> tuple[int, int]:
        """Good and bad of the last whole minutes of a window, and of this one so far.

        Nothing, as long as less than half of the window is known of: a bad quarter of an hour right after the first
        measurement is not three bad days.
        """
        ring, until, minutes = self._rings[rule.name, subject], _number(now), _minutes(window)
        if ring.first is None or until - ring.first < minutes // 2:
            return 0, 0
        return ring.sums(until, minutes + 1)

    def last_seen(self, rule: Measured) -> dict[str, tuple[datetime, str]]:
        """When something of each subject was measured last, and whose engine it is."""
        found: dict[str, tuple[datetime, str]] = {}
        for key, at in self._seen.items():
            if (subject := self._subject(rule, key)) is not None:
                found[subject] = max(found.get(subject, (at, key.engine)), (at, key.engine))
        return found

    def _subject(self, rule: Measured, key: Key) -> str | None:
        """Whom a measurement is about, if it is one of those that a rule is about: asked ten times a minute of each."""
        known = self._concerned[rule.name]
        if key not in known:
            known[key] = subject_of(rule, key) if concerns(rule, key) else None
        return known[key]


def _longest(rule: Burn | Threshold) -> timedelta:
    return max(long for _, long, _ in rule.windows) if isinstance(rule, Burn) else rule.window


def _minutes(length: timedelta) -> int:
    return -(-length // MINUTE)


def _number(moment: datetime) -> int:
    return int(moment.timestamp() // 60)
