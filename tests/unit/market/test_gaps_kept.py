"""A market that is killed again and again within a minute: its candle says all that was not seen of it."""

from __future__ import annotations

import msgspec
import pytest

from market.gaps import Gap
from market.status import Status
from market.told import told_by
from tests.support.market_status import market_of
from tests.unit.market.world import OKX, SOL, World, at


def restarted(world: World, begin_s: float) -> World:
    """The next process, which knows what this one wrote of itself, and hears from then on."""
    last = world.follower
    after = World(OKX, told_until_us=last.told_until_us, minutes_us=last.minutes.next_us, known=last.gaps)
    after.seconds = begin_s
    return after


def test_each_gap_of_the_minute_counts() -> None:
    world = World(OKX, told_until_us=at(0), minutes_us=at(0))
    for stop_s, begin_s in ((10, 15), (25, 35)):
        world.run(stop_s)
        world = restarted(world, begin_s)
    world.run(64)
    (minute,) = world.candles("1m")
    seen = world.candles("1s")
    assert seen[0].begin_us == at(36)
    assert minute.verdict.reasons == ("gap of 20 s",)  # 0–1, 9–16 and 24–36
    assert minute.verdict.degraded


def test_behind_the_minute_they_are_forgotten() -> None:
    world = World(OKX, told_until_us=at(-30), minutes_us=at(-60))
    world.run(59)
    assert world.follower.gaps == [Gap(at(-30), at(1))]
    world.run(64)
    assert world.follower.gaps == []


@pytest.mark.parametrize(("end_us", "known"), [(1, 1), (9_000_000, 0)])
def test_they_stand_in_the_status_and_none_lies_ahead(end_us: int, known: int) -> None:
    status = market_of("x", "y")
    symbol = msgspec.structs.replace(status.symbols[1], gaps=[Gap(0, end_us)])
    written = msgspec.json.encode(msgspec.structs.replace(status, symbols=[symbol]))
    assert len(told_by(msgspec.json.decode(written, type=Status), 0)[SOL].gaps) == known


def test_a_status_of_an_earlier_version_has_none() -> None:
    text = msgspec.json.encode(market_of("x", "y")).replace(b',"gaps":[]', b"")
    assert told_by(msgspec.json.decode(text, type=Status), 0)[SOL].gaps == []
