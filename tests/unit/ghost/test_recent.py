"""Bars at hand: all that begin at or after a time, or the answer that some may not be here."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ghost.model.bar import Bar
from ghost.recent import KEPT, SYMBOLS, Recent

ONE = Decimal(1)


def bar(begin: int, symbol: str = "SOL") -> Bar:
    return Bar(symbol, begin, begin + 1, ONE, ONE, ONE, ONE)


@given(st.lists(st.integers(0, 50), max_size=3 * KEPT), st.integers(0, 50))
def test_it_gives_all_or_says_that_it_cannot(begins: list[int], since: int) -> None:
    recent = Recent()
    for begin in begins:
        recent.add(bar(begin))
    found = recent.since("SOL", since)
    wanted = [begin for begin in begins if begin >= since]
    if found is not None:
        assert [one.begin_us for one in found] == wanted
    else:
        assert len(begins) > KEPT, "only what did not fit is not here"


def test_what_an_earlier_process_saw_is_not_here() -> None:
    recent = Recent({"SOL": 10})
    assert recent.since("SOL", 10) is None
    assert recent.since("SOL", 11) == []
    assert recent.since("BTC", 0) == []


def test_the_latest_beginning_is_kept_for_the_next_process() -> None:
    recent = Recent({"SOL": 10})
    recent.add(bar(7))
    recent.add(bar(12))
    recent.add(bar(11))
    assert recent.latest == {"SOL": 12}


def test_of_many_symbols_only_so_many_are_at_hand_and_it_is_said_of_the_others() -> None:
    recent = Recent()
    names = [f"S{number}" for number in range(SYMBOLS + 10)]
    for name in names:
        recent.add(bar(5, name))
    recent.add(bar(6, names[0]))
    found = [name for name in names if recent.since(name, 5) is not None]
    assert len(found) == SYMBOLS - 1, "and one of which not all is here"
    assert recent.since(names[0], 5) is None, "the first of its bars went, the next is here"
    assert recent.since(names[0], 6) == [bar(6, names[0])]
    assert recent.since(names[3], 6) == []
    assert recent.latest == {**dict.fromkeys(names, 5), names[0]: 6}
