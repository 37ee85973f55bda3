"""Whatever providers do, what is told of a symbol holds together."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from market.said import Candle
from market.sources import LineState
from market.units import MINUTE_US, SECOND_US
from tests.unit.market.world import BYBIT, OKX, World, at

PRICES = {OKX: "100", BYBIT: "100.2"}
steps = st.lists(
    st.tuples(
        st.sampled_from(("break", "connect", "quiet", "slow", "answers", "deaf")),
        st.sampled_from((OKX, BYBIT)),
        st.integers(1, 200),
    ),
    max_size=8,
)


def play(moves: list[tuple[str, str, int]]) -> World:
    world = World(OKX, BYBIT)
    world.trading = dict(PRICES)
    for what, name, tenths in moves:
        if what == "break":
            world.break_off(name)
        elif what == "connect":
            world.connect(name, PRICES[name])
        elif what == "quiet":
            world.trading.pop(name, None)
        elif what == "slow" and not world.lines[name].trouble:
            world.lines[name] = LineState(slow="is slow")
        else:
            (world.answering.add if what == "answers" else world.answering.discard)(name)
        world.run(round(world.seconds + tenths / 10, 1))
    return world


@settings(max_examples=25)
@given(steps)
def test_what_is_told_holds_together(moves: list[tuple[str, str, int]]) -> None:
    world = play(moves)
    told = [(when, one) for when, one in world.told if isinstance(one, Candle)]
    seconds = [one for _, one in told if one.interval == "1s"]
    minutes = [one for _, one in told if one.interval == "1m"]
    assert all(later.begin_us >= before.end_us for before, later in pairwise(seconds))
    assert all(later.begin_us >= before.end_us for before, later in pairwise(minutes))
    for when, one in told:
        assert one.end_us <= at(when)  # nothing is told before it is over
        assert (one.verdict.data_quality == "ok") == (not one.verdict.reasons)
    for one in seconds:
        if one.volume:  # of its provider's trades alone
            assert (
                {one.open, one.high, one.low, one.close}
                == {one.open}
                == {type(one.open)(PRICES[one.provider])}
            )
            assert one.volume <= 10
        else:
            assert one.verdict.data_quality == "bad"
        if one.provider == BYBIT:
            assert one.verdict.data_quality != "ok"


@settings(max_examples=25)
@given(steps)
def test_the_candle_of_a_minute_comes_behind_its_seconds(moves: list[tuple[str, str, int]]) -> None:
    over: set[int] = set()
    for _, one in play(moves).told:
        if isinstance(one, Candle):
            if one.interval == "1m":
                over.add(one.begin_us)
            else:
                assert one.begin_us // MINUTE_US * MINUTE_US not in over


@settings(max_examples=30)
@given(steps)
def test_in_the_end_it_tells_every_second_again(moves: list[tuple[str, str, int]]) -> None:
    world = play(moves)
    for name in (OKX, BYBIT):
        world.connect(name, PRICES[name])
    world.answering |= {OKX, BYBIT}
    world.run(world.seconds + 90)
    begun = len(world.told)
    world.run(world.seconds + 10)
    new = [one for _, one in world.told[begun:] if isinstance(one, Candle) and one.interval == "1s"]
    assert [one.provider for one in new] == [OKX] * 10
    assert all(later.begin_us == before.begin_us + SECOND_US for before, later in pairwise(new))
    assert {one.volume for one in new} == {10}
    assert new[-1].verdict.data_quality == "ok"
