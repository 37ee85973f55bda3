"""A plan that stands on the tape behind bars which it should have seen gets them all the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from ghost.recent import KEPT
from signaltape import Settings
from signaltape.stream import route, stream_key, stream_keys
from sink.db import Connection
from tests.support.ghosting import SOL, Ghost, Tape, at, walk

FILL, TO_TARGET = ("101", "101", "99", "100"), ("100", "105", "100", "104")


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


def bars(tape: Tape) -> None:
    """One before the plan is published, then one that fills it and one that ends it."""
    tape.bar(-60, ("90", "90", "90", "90"))
    tape.bar(0, ("90", "90", "90", "90"))
    tape.bar(60, FILL)
    tape.bar(120, TO_TARGET)


def as_if_in_time(ghost: Ghost) -> None:
    (order,) = ghost.orders()
    assert (order["status"], order["rr_realized"], order["late"]) == ("closed", Decimal(2), False)
    assert (order["filled_at"], order["ended_at"]) == (at(60), at(120))


def test_it_sees_what_was_read_before(tape: Tape, ghost: Ghost) -> None:
    bars(tape)
    tape.plan(0)
    ghost.run()
    as_if_in_time(ghost)


def test_also_what_another_process_read(tape: Tape, ghost: Ghost) -> None:
    bars(tape)
    ghost.run()
    tape.plan(0)
    ghost.run()
    as_if_in_time(ghost)


def test_also_what_is_long_ago(tape: Tape, ghost: Ghost) -> None:
    bars(tape)
    walk(tape, ["104"] * (KEPT + 1), start_s=120, step_s=1, interval="1s")
    tape.plan(0)
    ghost.run()
    as_if_in_time(ghost)


def test_bars_of_others_and_bars_behind_it_are_not_its_own(tape: Tape, ghost: Ghost) -> None:
    tape.bar(60, FILL)
    tape.bar(60, ("97",) * 4, symbol="BTC-USDT-SWAP")
    ghost.run()
    tape.plan(0)
    tape.bar(120, TO_TARGET)
    ghost.run()
    as_if_in_time(ghost)


def test_where_they_are_gone_the_order_says_so(tape: Tape, ghost: Ghost, redis_client: Any, key: str) -> None:
    bars(tape)
    ghost.run()
    redis_client.xtrim(key, maxlen=1, approximate=False)
    tape.plan(0)
    tape.bar(180, FILL)
    ghost.run()
    (order,) = ghost.orders()
    assert (order["status"], order["late"], order["filled_at"]) == ("open", True, at(180))


def test_a_line_sees_nothing_of_before(tape: Tape, ghost: Ghost) -> None:
    bars(tape)
    tape.command("set_line", 130, lineId="l-1", symbol=SOL, price=105, direction="above")
    ghost.run()
    assert [line["status"] for line in ghost.lines()] == ["set"]


def test_an_id_from_the_future_holds_up_its_own_partition_alone(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    theirs = structs.replace(settings, partitions=2)
    tape, ghost = Tape(redis_client, settings.stream, 2), Ghost(theirs, connection)
    other = next(key for key in stream_keys(settings.stream, 2) if key != stream_key_of(SOL, settings.stream))
    redis_client.xadd(other, {"event": "market_candle", "data": "{}"}, id=f"{10**15}-0")
    tape.command("place", 0, orderId="o-1", symbol=SOL, side="long", entry=100, sl=98, tp1=104)
    tape.bar(60, FILL)
    ghost.run()
    assert [order["status"] for order in ghost.orders()] == ["open"]


def stream_key_of(symbol: str, stream: str) -> str:
    return stream_key(stream, route(symbol) % 2)
