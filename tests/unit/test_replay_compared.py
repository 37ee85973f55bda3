"""A replay held against its recording: what is the same, what differs first, what became of each signal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.comparing.comparing import Compared, compare
from replay.comparing.matching import Happening
from replay.comparing.values import differences
from signaltape.clock import WIB

NOON = datetime(2022, 1, 17, 12, tzinfo=WIB)
_write = msgspec.json.Encoder(decimal_format="number").encode


def one(
    kind: str, minute: float, signal_id: str | None, index: int = 0, symbol: str = "BTC-PERP", **fields: Any
) -> Happening:
    name = f"signal_{kind}" if signal_id else kind
    at = NOON + timedelta(minutes=minute)
    return Happening(index, name, at, symbol, name.upper(), signal_id, _write(fields))


def life(signal_id: str, begin: float, rr: str = "1.8", **fields: Any) -> list[Happening]:
    return [
        one("published", begin, signal_id, rr=Decimal("1.8"), **fields),
        one("triggered", begin + 1, signal_id, entry_fill=100),
        one("closed", begin + 2, signal_id, rr_realized=Decimal(rr), exit_reason="tp"),
    ]


def ordered(*lives: list[Happening]) -> list[Happening]:
    return sorted((event for each in lives for event in each), key=lambda event: event.ts)


def fields_of(recorded: dict[str, Any], replayed: dict[str, Any], **ids: str) -> list[str]:
    return [found.field for found in differences(_write(recorded), _write(replayed), ids)]


@pytest.mark.parametrize(
    ("recorded", "replayed", "differ"),
    [
        ({"a": Decimal("1.80")}, {"a": Decimal("1.8")}, []),
        ({"a": Decimal("1.8")}, {"a": "1.800"}, []),
        ({"a": 1}, {"a": Decimal("1.0")}, []),
        ({"a": Decimal("0.1")}, {"a": Decimal("0.1000000000000000055")}, ["a"]),
        ({"a": True}, {"a": 1}, ["a"]),
        ({"a": None}, {}, []),
        ({"a": "x"}, {"a": "y"}, ["a"]),
        ({"a": "1.80"}, {"a": "1.8"}, ["a"]),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, ["a.b[1].c"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a[1]"]),
        ({"z": 1, "a": 1}, {"a": 2, "z": 2, "m": 3}, ["z", "a", "m"]),
        ({"id": 1, "event_id": 1, "seq": 1, "engine": "a", "ts": 1}, {"engine": "b", "timestamp": 2}, []),
        ({"a": "NaN"}, {"a": Decimal(1)}, ["a"]),
    ],
)
def test_values_are_compared_by_what_they_say(
    recorded: dict[str, Any], replayed: dict[str, Any], differ: list[str]
) -> None:
    assert fields_of(recorded, replayed) == differ


def test_an_id_within_a_payload_is_followed_to_that_of_the_other_run() -> None:
    assert fields_of({"extra": {"signal": "old"}}, {"extra": {"signal": "new"}}, old="new") == []
    assert fields_of({"extra": {"signal": "old"}}, {"extra": {"signal": "else"}}, old="new") == [
        "extra.signal"
    ]


_decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6)


@given(_decimals, _decimals)
def test_numbers_differ_exactly_if_their_values_do(left: Decimal, right: Decimal) -> None:
    assert (fields_of({"a": left}, {"a": right}) == []) is (left == right)


_lives = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["-1", "1.8", "0"]), st.sampled_from(["a", "b"])),
    max_size=8,
)


def _made(lives: list[tuple[int, str, str]], prefix: str) -> list[Happening]:
    return ordered(*(life(f"{prefix}{n}", at, rr, setup=setup) for n, (at, rr, setup) in enumerate(lives)))


def _adds_up(found: Compared) -> None:
    events, signals = found.events, found.signals
    assert events.recorded == events.same + events.different + events.vanished
    assert events.replayed == events.same + events.different + events.appeared
    assert signals.recorded == signals.same + signals.other_outcome + signals.vanished
    assert signals.replayed == signals.same + signals.other_outcome + signals.appeared
    assert signals.difference == signals.replayed_r - signals.recorded_r
    assert sum(change.difference or 0 for change in found.changes) == signals.difference
    assert (found.first is None) is (events.same == events.recorded == events.replayed)


@given(_lives, _lives)
def test_whatever_both_sides_say_every_event_and_signal_is_counted_once(
    recorded: list[tuple[int, str, str]], replayed: list[tuple[int, str, str]]
) -> None:
    _adds_up(compare(_made(recorded, "s"), _made(replayed, "s")))
    _adds_up(compare(_made(recorded, "s"), _made(replayed, "t"), timedelta(minutes=2)))


@given(_lives)
def test_the_same_said_under_new_ids_is_identical(lives: list[tuple[int, str, str]]) -> None:
    lives = sorted(set(lives), key=lambda each: (each[0], each[2], each[1]))
    different = {(at, setup): (at, rr, setup) for at, rr, setup in lives}
    same = list(different.values())
    assert compare(_made(same, "s"), _made(same, "t")).first is None
    assert compare(_made(same, "s"), _made(same, "s")).first is None


def test_the_first_divergence_is_the_earliest_in_time_whatever_kind_it_is() -> None:
    recorded = ordered(life("a", 0), life("b", 10), life("c", 20))
    replayed = ordered(life("a", 0), life("x", 5, setup="new"), life("b", 10, "2"))
    found = compare(recorded, replayed)
    assert found.first is not None
    assert (found.first.what, found.first.number) == ("appeared", 4)
    assert found.first.said == "signal_published of BTC-PERP came in the replay and was not recorded"
    assert [(change.what, change.difference) for change in found.changes] == [
        ("appeared", Decimal("1.8")),
        ("other outcome", Decimal("0.2")),
        ("vanished", Decimal("-1.8")),
    ]


def test_a_time_that_differs_is_a_divergence_unless_it_may() -> None:
    recorded, replayed = life("a", 0), [*life("a", 0)[:2], *life("a", 0.5)[2:]]
    found = compare(recorded, replayed)
    assert found.first is not None
    assert [field.field for field in found.first.fields] == ["time"]
    assert found.first.said.endswith(
        "time was 2022-01-17 12:02:00 WIB, is 2022-01-17 12:02:30 WIB in the replay"
    )
    assert compare(recorded, replayed, timedelta(seconds=30)).first is None


def test_a_signal_of_before_is_left_out_unless_the_replay_knows_it() -> None:
    closing = life("old", -2)[2:]
    assert compare(closing, []).earlier == 1
    assert compare(closing, []).first is None
    assert compare(closing, closing).events.same == 1
    assert compare([], life("a", 0)).first is not None


def test_a_record_that_comes_again_at_the_same_time_is_the_next_of_its_kind() -> None:
    recorded = [one("order_log", 0, None, number, qty=number) for number in range(3)]
    found = compare(recorded, recorded[:2])
    assert found.first is not None
    assert (found.first.what, found.first.number, found.events.same) == ("vanished", 3, 2)


def test_records_of_one_moment_meet_by_what_they_say() -> None:
    said = [one("order_log", 1, None, index, price=index, id=f"a{index}") for index in range(3)]
    again = [one("order_log", 1, None, index, price=2 - index, id=f"b{index}") for index in range(3)]
    assert compare(said, again).first is None


def test_what_ghosts_came_to_is_no_output_of_the_engine_that_is_replayed() -> None:
    recorded = life("a", 0)
    ghosts = [replace(one, event="ghost_closed") for one in recorded if one.event == "signal_closed"]
    found = compare(sorted([*recorded, *ghosts], key=lambda one: one.ts), life("a", 0))
    assert found.first is None
    assert found.passed_over == {"ghost_closed": 1}
