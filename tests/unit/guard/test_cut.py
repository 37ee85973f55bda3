"""Cut anywhere, and gone on from what was stored, a run says what one that was not cut says. hypothesis draws both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from guard.model.memory import Memory
from guard.model.slots import Slot
from tests.support.guard_core import BURN, START, THRESHOLD, TICK, Guarding, rules_of, slot

_RULES = rules_of(
    'gather = "20s"\nrepeat = ["2m", "5m"]\n',
    slow=THRESHOLD.replace('"5m"', '"1m"'),
    errors=THRESHOLD.replace("p95", "share_5xx")
    .replace('"ms"', '"%"')
    .replace("450", "1")
    .replace("650", "2"),
    budget=BURN.replace("99.9", "99") + 'unless = ["errors"]\n',
    gone='kind = "absent"\nof = "http"\nsilent = "1m"\nfor = "30s"\n',
)
#: How long a stretch lasts in tens of seconds, how slow it is (None: nothing is measured), how many of 20 fail.
_STRETCH = st.tuples(st.integers(1, 25), st.sampled_from([None, 100.0, 640.0, 900.0]), st.integers(0, 3))
_RUN = st.lists(_STRETCH, min_size=1, max_size=8)


class Stored(Guarding):
    """A guard that writes down what it took, and can be started anew from that and from its alerts."""

    def __init__(self) -> None:
        super().__init__(_RULES)
        self.taken: list[Slot] = []

    def take(self, *slots: Slot) -> None:
        self.taken += slots
        super().take(*slots)

    def die(self) -> None:
        """All that was in memory is gone; what is read again is what tables hold."""
        self.memory = Memory(_RULES)
        for one in self.taken:
            self.memory.take(one)


def _run(stretches: Iterable[tuple[int, float | None, int]], cuts: frozenset[int] = frozenset()) -> Stored:
    guard = Stored()
    for number, (latency, failed) in enumerate(_each(stretches)):
        if number in cuts:
            guard.die()
        if latency is not None:
            guard.take(slot(guard.now, [latency] * 20, n5xx=failed))
        guard.tick()
    return guard


def _each(stretches: Iterable[tuple[int, float | None, int]]) -> Iterator[tuple[float | None, int]]:
    """What is measured at each evaluation."""
    return ((latency, failed) for lasting, latency, failed in stretches for _ in range(lasting))


@given(_RUN, st.frozensets(st.integers(0, 200), max_size=12))
def test_a_run_that_is_cut_says_the_same(
    stretches: list[tuple[int, float | None, int]], cuts: frozenset[int]
) -> None:
    whole, cut = _run(stretches), _run(stretches, cuts)
    assert cut.messages == whole.messages
    assert cut.open == whole.open


@given(_RUN)
def test_an_episode_is_told_first_once_and_ends_once(stretches: list[tuple[int, float | None, int]]) -> None:
    guard = _run(stretches)
    told = [(message.kind, one) for _, message in guard.messages for one in message.alerts]
    firsts = [one.id for kind, one in told if kind == "firing" and one.told == 1]
    ends = [one.id for kind, one in told if kind == "resolved"]
    assert len(firsts) == len(set(firsts))
    assert len(ends) == len(set(ends))
    assert set(ends) <= set(firsts)
    assert len({message.key for _, message in guard.messages}) == len(guard.messages)


@given(_RUN)
def test_nothing_fires_that_was_not_breached_for_long_enough(
    stretches: list[tuple[int, float | None, int]],
) -> None:
    guard = _run(stretches)
    for one in (*guard.open.values(), *guard.ended):
        if one.fired_at is not None:
            assert one.fired_at - one.since >= _RULES.rule[one.rule].for_
            assert one.since > START - TICK
        if one.ended == "well":
            assert one.resolved_at is not None
            assert one.well_since is not None
            assert one.resolved_at - one.well_since >= _RULES.rule[one.rule].resolve_after


@given(_RUN, st.lists(st.tuples(st.integers(0, 60), st.integers(-7200, 7200)), max_size=4))
def test_whatever_the_clock_does_nothing_is_told_twice(
    stretches: list[tuple[int, float | None, int]], jumps: list[tuple[int, int]]
) -> None:
    guard = Stored()
    at = dict(jumps)
    for number, (latency, failed) in enumerate(_each(stretches)):
        guard.now += timedelta(seconds=at.get(number, 0))
        if latency is not None:
            guard.take(slot(guard.now, [latency] * 20, n5xx=failed))
        guard.tick()
    keys = [message.key for _, message in guard.messages]
    assert len(keys) == len(set(keys))
