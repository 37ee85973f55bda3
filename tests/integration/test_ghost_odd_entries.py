"""What somebody may put on the tape: the ghost refuses it in words, or passes it over, and goes on."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.tape_order import Look, Positions, TapeReader
from signaltape import Settings
from sink.db import Connection
from tests.support.ghosting import SOL, Ghost, Tape, at, told

FAR = "9999-12-31T23:59:59Z"
PLACE = {"symbol": SOL, "side": "long", "sl": 98, "entry": 100, "tp1": 104}
LINE = {"symbol": SOL, "price": 100, "direction": "above"}


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


@pytest.mark.parametrize("name", ["publishedAt", "expiresAt"])
@pytest.mark.parametrize("given", [FAR, "0001-01-01T00:00:00", -1, 1e300])
def test_an_order_with_a_time_that_is_none_is_refused_in_words(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings, name: str, given: Any
) -> None:
    tape.command("place", 0, orderId="o-1", **PLACE, **{name: given})
    ghost.run()
    (order,) = ghost.orders()
    assert (order["status"], order["published_at"]) == ("refused", at(0))
    assert name in order["reason"]
    (log,) = told(redis_client, settings, "order_log")
    assert (log["what"], log["lastError"]) == ("refused", order["reason"])


@pytest.mark.parametrize("given", [FAR, -1])
def test_a_line_with_a_time_that_is_none_is_refused_in_words(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings, given: Any
) -> None:
    tape.command("set_line", 0, lineId="l-1", **LINE, expiresAt=given)
    tape.bar(60, ("101",) * 4)
    ghost.run()
    (line,) = ghost.lines()
    assert (line["status"], line["ended_at"]) == ("refused", at(0))
    assert "expiresAt" in line["reason"]
    (said,) = told(redis_client, settings, "price_line")
    assert (said["what"], said["reason"]) == ("refused", line["reason"])


def test_an_order_and_a_line_may_have_the_same_id(tape: Tape, ghost: Ghost) -> None:
    for one, other in (("first", "second"), ("second", "first")):
        tape.command("place", 0, orderId=one, **PLACE)
        tape.command("set_line", 0, lineId=one, **LINE)
        ghost.run()
        tape.command("set_line", 0, lineId=other, **LINE)
        tape.command("place", 0, orderId=other, **PLACE)
        ghost.run()
    assert [order["order_id"] for order in ghost.orders()] == ["first", "second"]
    assert [line["line_id"] for line in ghost.lines()] == ["first", "second"]


def test_of_large_entries_few_are_read_at_once(
    tape: Tape, ghost: Ghost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand of a megabyte would find no room, and no answer would come in time."""
    monkeypatch.setattr("ghost.runner.ENOUGH_BYTES", 20_000)
    for _ in range(100):
        tape.put("feature_snapshot", {"symbol": SOL, "features": ["x" * 5_000]}, SOL)
    read: list[int] = []
    look = TapeReader.look

    def counted(self: TapeReader, positions: Positions, most: int) -> Look:
        found = look(self, positions, most)
        read.append(len(found.entries))
        return found

    monkeypatch.setattr(TapeReader, "look", counted)
    ghost.run()
    assert sum(read) == 100
    assert max(read) <= 16
