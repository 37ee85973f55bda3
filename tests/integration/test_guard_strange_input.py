"""Whatever a measurement is called, it counts, and holds up nothing that comes behind it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from guard.operations.objectives import objectives
from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.support.guarding import SLOW, Guard, Measures
from tests.support.waiting import eventually

#: Of an endpoint and of the engine as a whole, counted and at hand.
RULES = (
    SLOW
    + SLOW[SLOW.index("[rule") :]
    .replace("rest-p95", "errors-day")
    .replace('"p95"', '"share_5xx"')
    .replace('"ms"', '"%"')
    .replace("30s", "24h")
    + SLOW[SLOW.index("[rule") :].replace("rest-p95", "engine-p95").replace("window", 'by = "engine"\nwindow')
)


@pytest.fixture
def measures(redis_client: Any, settings: Settings) -> Measures:
    return Measures(redis_client, settings.stream)


@pytest.fixture
def guard(settings: Settings, connection: Connection) -> Guard:
    return Guard(settings, connection, RULES)


def long_text(seed: int, first: int, last: int) -> str:
    """512 signs that no compression makes shorter."""
    draw = random.Random(seed)
    return "".join(chr(draw.randint(first, last)) for _ in range(512))


WIDE = (0x20000, 0x2A6DF)
NAMES = {
    "four bytes a sign": (long_text(1, *WIDE), long_text(2, *WIDE)),
    "two bytes a sign": (long_text(1, 0x410, 0x44F), long_text(2, 0x410, 0x44F)),
    "one byte a sign": (long_text(1, 33, 126), long_text(2, 33, 126)),
    "nothing": ("", ""),
    "lines": ("a\nb\r\tc", "\x1b[31m"),
    "a zero": ("a\x00b", "c\x00"),
    "marks": ("\u202e%s{}'\"\\", "<b>&amp;"),
}


@pytest.mark.parametrize("which", NAMES)
def test_a_strange_name_rings_like_any_other(
    measures: Measures, guard: Guard, settings: Settings, which: str
) -> None:
    name, engine = NAMES[which]
    measures.put(900, 900, name=name, engine=engine, statuses={"5xx": 2})
    measures.put(900, name=name, engine=engine, examples=["r\x00", "r\n"])
    measures.put(900)
    guard.run()
    rules = {one["rule"] for one in guard.alerts()}
    assert {"rest-p95", "engine-p95"} <= rules
    assert guard.run().measurements == 0
    eventually(lambda: guard.run() and guard.messages())
    assert objectives(settings, utc_now(), environ={}).open


def test_two_long_names_that_begin_alike_stay_two(measures: Measures, guard: Guard) -> None:
    common, engine = long_text(1, *WIDE)[:-1], long_text(2, *WIDE)
    for end in "ab":
        measures.put(900, name=common + end, engine=engine)
    guard.run()
    assert len({one["subject"] for one in guard.alerts() if one["rule"] == "rest-p95"}) == 2
    assert len({row["name"] for row in guard.minutes()}) == 2


def test_an_id_that_is_none_holds_up_nothing(measures: Measures, guard: Guard) -> None:
    measures.put(900, record_id="no-uuid")
    measures.put(900)
    guard.run()
    assert [row["n"] for row in guard.minutes()] == [1]


def test_an_id_written_in_another_way_is_the_same(measures: Measures, guard: Guard) -> None:
    same = measures.put(900)
    measures.put(900, record_id=same.upper())
    measures.put(900, record_id=same.replace("-", ""))
    guard.run()
    assert [row["n"] for row in guard.minutes()] == [1]
