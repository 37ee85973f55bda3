"""A ghost follows plans and lines along a real tape, and stores and tells each thing once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from consumer.tape_order import Look, Positions, TapeReader
from signaltape import Settings
from sink.db import Connection
from sink.quality import purge
from tests.support.ghosting import SOL, Ghost, Tape, at, told, walk

FILL, TO_TARGET, TO_STOP = (
    ("101", "101", "99", "100"),
    ("100", "105", "100", "104"),
    ("100", "100", "97", "98"),
)


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


def test_a_plan_is_filled_and_closed_at_its_target(tape: Tape, ghost: Ghost) -> None:
    signal_id = tape.plan()
    tape.bar(60, FILL)
    tape.bar(120, TO_TARGET)
    ghost.run()
    (order,) = ghost.orders()
    assert (order["status"], order["exit_reason"], order["rr_realized"]) == ("closed", "tp", Decimal(2))
    assert (order["filled_at"], order["ended_at"]) == (at(60), at(120))
    assert (str(order["signal_id"]), order["source"], order["state"]) == (signal_id, "auto", None)
    assert [(one["kind"], one["price"]) for one in ghost.fills()] == [("entry", 100), ("tp1", 104)]


def test_each_change_is_told_on_the_tape(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    tape.plan(ref_id="ib_1")
    tape.bar(60, FILL)
    tape.bar(120, TO_STOP)
    ghost.run()
    log = told(redis_client, settings, "order_log")
    assert [one["what"] for one in log] == ["placed", "filled", "exit", "closed"]
    assert [one["side"] for one in log] == ["BUY", "BUY", "SELL", "SELL"]
    assert {(one["mode"], one["source"], one["refId"]) for one in log} == {("SIM", "ghost", "ib_1")}
    (trade,) = told(redis_client, settings, "trade_log")
    assert (trade["entryPrice"], trade["closePrice"], trade["realizedPnl"]) == (100, 98, -2)
    assert told(redis_client, settings, "ghost_closed") == [], "nobody asked to track it"


def test_a_tracked_signal_that_is_never_filled_is_invalidated(
    tape: Tape, redis_client: Any, settings: Settings, connection: Connection
) -> None:
    ghost = Ghost(settings, connection, which="off")
    signal_id = tape.plan(minutes=5, track=True)
    tape.plan(minutes=5)
    tape.plan(minutes=5, track=False)
    walk(tape, ["101"] * 6)
    ghost.run()
    assert [order["source"] for order in ghost.orders()] == ["track"]
    (event,) = told(redis_client, settings, "ghost_invalidated")
    assert (event["signal_id"], event["reason"]) == (signal_id, "expiry")


def test_a_tracked_signal_that_is_filled(
    tape: Tape, redis_client: Any, settings: Settings, connection: Connection
) -> None:
    ghost = Ghost(settings, connection, which="off", track=True)
    signal_id = tape.plan()
    tape.bar(60, FILL)
    tape.bar(180, TO_TARGET)
    ghost.run()
    (triggered,) = told(redis_client, settings, "ghost_triggered")
    (closed,) = told(redis_client, settings, "ghost_closed")
    assert (triggered["signal_id"], triggered["entry_fill"]) == (signal_id, 100)
    assert triggered["time_to_trigger_ms"] == 60_000
    assert (closed["rr_realized"], closed["rr_best"], closed["exit_reason"]) == (2, 2, "tp")
    assert closed["time_in_trade_ms"] == 120_000


@pytest.mark.parametrize(("which", "source"), [("all", "auto"), ("clicked", None), ("off", None)])
def test_which_plans_get_an_order_by_themselves(
    tape: Tape, settings: Settings, connection: Connection, which: str, source: str | None
) -> None:
    tape.plan()
    ghost = Ghost(settings, connection, which=which)
    ghost.run()
    assert [order["source"] for order in ghost.orders()] == ([source] if source else [])


def test_a_plan_that_cannot_be_followed_is_refused_in_words(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    tape.plan(sl=None)
    tape.plan(sl=101)
    ghost.run()
    assert [order["status"] for order in ghost.orders()] == ["refused", "refused"]
    assert all(order["reason"] for order in ghost.orders())
    assert {one["status"] for one in told(redis_client, settings, "order_log")} == {"REJECTED"}


def test_an_order_is_placed_and_cancelled_by_command(tape: Tape, ghost: Ghost) -> None:
    order = {"orderId": "o-1", "symbol": SOL, "side": "long", "entry": 100, "sl": 98, "tp1": 104}
    whose = {"chatId": "-100", "threadId": 7, "userId": 42, "riskUsd": 50}
    tape.command("place", 0, **order, **whose)
    tape.command("place", 0, **{**order, "orderId": "o-2"})
    tape.bar(60, ("101",) * 4)
    tape.command("cancel", 70, orderId="o-1")
    tape.bar(120, FILL)
    tape.bar(180, TO_TARGET)
    ghost.run()
    one, two = ghost.orders()
    assert (one["status"], one["reason"], one["ended_at"]) == ("cancelled", "asked", at(70))
    assert (one["chat_id"], one["thread_id"], one["user_id"], one["by"]) == ("-100", 7, 42, "dewi")
    assert (one["source"], one["risk_usd"], two["status"]) == ("clicked", 50, "closed")


def test_an_open_order_that_is_cancelled_closes_at_the_next_open(tape: Tape, ghost: Ghost) -> None:
    tape.command("place", 0, orderId="o-1", symbol=SOL, side="long", entry=100, sl=98, tp1=104)
    tape.bar(60, FILL)
    tape.command("cancel", 60, orderId="o-1")
    tape.bar(120, ("101", "101", "101", "101"))
    ghost.run()
    (order,) = ghost.orders()
    assert (order["status"], order["exit_reason"], order["rr_realized"]) == (
        "closed",
        "manual",
        Decimal("0.5"),
    )


def test_ghosts_that_are_off_say_so(tape: Tape, settings: Settings, connection: Connection) -> None:
    tape.command("place", 0, orderId="o-1", symbol=SOL, side="long", entry=100, sl=98)
    ghost = Ghost(settings, connection, which="off")
    ghost.run()
    assert ghost.orders()[0]["reason"] == "ghosts are off: SIGNALTAPE_GHOST=off"


def test_a_line_rings_once(tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings) -> None:
    tape.command("set_line", 0, lineId="l-1", symbol=SOL, price=102, direction="above", chatId="-100")
    tape.command("set_line", 0, lineId="l-2", symbol=SOL, price=90, direction="below", expiresAt=at(300))
    tape.command("set_line", 0, lineId="l-3", symbol=SOL, price=90, direction="below")
    tape.command("cancel_line", 1, lineId="l-3")
    walk(tape, ["101", "103", "101", "103", "101", "101"])
    ghost.run()
    assert [(line["status"], line["rung_at"], line["seen"]) for line in ghost.lines()] == [
        ("rung", at(120), 103), ("expired", None, None), ("cancelled", None, None),
    ]  # fmt: skip
    lines = told(redis_client, settings, "price_line")
    assert [(one["lineId"], one["what"]) for one in lines] == [
        ("l-1", "set"), ("l-2", "set"), ("l-3", "set"), ("l-3", "cancelled"), ("l-1", "rung"), ("l-2", "expired"),
    ]  # fmt: skip
    assert lines[4]["seen"] == 103
    assert lines[4]["chatId"] == "-100"


def test_what_cannot_be_a_bar_is_passed_over(tape: Tape, ghost: Ghost) -> None:
    tape.plan()
    tape.bar(60, ("101", "101", "-3", "100"))
    tape.bar(60, FILL, interval="fortnight")
    tape.bar(60, ("101", "101", "99", "120"))
    tape.bar(10**9, FILL)
    assert ghost.run().unread == 1
    (order,) = ghost.orders()
    assert (order["status"], order["late_bars"]) == ("waiting", 0)


def test_a_bad_bar_fills_nothing_and_is_counted(tape: Tape, ghost: Ghost) -> None:
    tape.plan()
    tape.bar(60, FILL, dataQuality="bad")
    tape.bar(120, FILL)
    tape.bar(180, TO_TARGET)
    ghost.run()
    (order,) = ghost.orders()
    assert (order["filled_at"], order["bad_bars"]) == (at(120), 1)


def test_a_signal_is_purged_with_its_orders_and_they_do_not_come_back(
    tape: Tape, ghost: Ghost, connection: Connection
) -> None:
    gone, stays = tape.plan(), tape.plan()
    tape.bar(60, FILL)
    ghost.run()
    purge(connection, gone)
    tape.bar(120, TO_TARGET)
    ghost.run()
    assert [str(order["signal_id"]) for order in ghost.orders()] == [stays]


def test_a_line_that_comes_late_rings_by_the_bars_it_should_have_seen(
    tape: Tape, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    """As after a command that waited in a journal while Redis was away."""
    tape.bar(60, ("103", "103", "101", "101"))
    tape.bar(120, ("101", "104", "101", "102"))
    tape.command("set_line", 60, lineId="l-1", symbol=SOL, price=103, direction="above")
    tape.command("set_line", 60, lineId="l-2", symbol=SOL, price=105, direction="above", expiresAt=at(120))
    tape.command("set_line", 120, lineId="l-3", symbol=SOL, price=103, direction="above")
    ghost.run()
    tape.bar(180, ("103", "106", "102", "102"))
    ghost.run()
    found = [(line["line_id"], line["status"], line["ended_at"], line["seen"]) for line in ghost.lines()]
    assert found == [
        ("l-1", "rung", at(120), 104),
        ("l-2", "expired", at(120), None),
        ("l-3", "rung", at(180), 106),
    ]
    said = [(one["lineId"], one["what"]) for one in told(redis_client, settings, "price_line")]
    assert said == [
        ("l-1", "set"), ("l-1", "rung"), ("l-2", "set"), ("l-2", "expired"), ("l-3", "set"), ("l-3", "rung"),
    ]  # fmt: skip


def test_of_a_plan_of_long_ago_no_more_is_read_again_than_it_lives(
    tape: Tape, ghost: Ghost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an engine that brings a thousand old plans would hold up everybody's lines."""
    walk(tape, ["101"] * 120)
    monkeypatch.setattr("ghost.late._PAGE", 5)
    looked: list[int] = []
    look = TapeReader.look

    def counted(self: TapeReader, positions: Positions, most: int) -> Look:
        looked.append(most)
        return look(self, positions, most)

    monkeypatch.setattr(TapeReader, "look", counted)
    tape.plan(0, minutes=2)
    tape.plan(0, minutes=6_000)
    ghost.run(most=500)
    assert [order["status"] for order in ghost.orders()] == ["expired", "waiting"]
    assert looked.count(5) == 1 + 25


def test_a_bar_that_comes_late_changes_nothing_and_is_counted(tape: Tape, ghost: Ghost) -> None:
    tape.plan()
    walk(tape, ["101", "101"])
    tape.bar(60, FILL)
    tape.bar(30, FILL, interval="15s")
    tape.bar(180, FILL)
    ghost.run()
    (order,) = ghost.orders()
    assert (order["status"], order["filled_at"], order["late_bars"]) == ("open", at(180), 2)
