"""`python -m ghost …`: what a person asks for, and sees, at 80 columns."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from signaltape import Settings
from signaltape.terminal.cells import width
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.support.ghosting import SOL, Ghost, Tape, told
from tests.support.waiting import eventually

FILL, TO_TARGET = ("101", "101", "99", "100"), ("100", "105", "100", "104")


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def ghost(settings: Settings, connection: Connection) -> Ghost:
    return Ghost(settings, connection)


def ran(runner: Runner, *arguments: str, **changes: str) -> str:
    code, out, err = runner.run("ghost", *arguments, **changes)
    assert code == 0, err
    return out


def refused(runner: Runner, *arguments: str, **changes: str) -> str:
    code, _, err = runner.run("ghost", *arguments, **changes)
    assert code != 0
    return err.strip().splitlines()[-1]


def test_once_goes_to_the_end_of_the_tape(tape: Tape, runner: Runner, ghost: Ghost) -> None:
    tape.plan()
    tape.bar(60, FILL)
    out = ran(runner, "--once", SIGNALTAPE_GHOST="all")
    assert "of them bars and commands 2; open: orders 1, lines 0" in out
    assert [order["status"] for order in ghost.orders()] == ["open"]


def test_an_order_is_placed_listed_shown_and_cancelled(runner: Runner, ghost: Ghost) -> None:
    placed = ran(
        runner, "place", SOL, "long", "--entry", "100", "--sl", "98", "--tp1", "104", "--risk-usd", "50"
    )
    order_id = placed.split()[-1]
    ghost.run()
    (order,) = ghost.orders()
    assert (order["order_id"], order["source"], order["risk_usd"]) == (order_id, "shell", 50)
    listed = ran(runner, "list")
    assert "orders: 1 waiting" in listed
    assert all(len(line) <= 80 for line in listed.splitlines())
    assert json.loads(ran(runner, "list", "--open", "--json"))["orders"][0]["order_id"] == order_id
    assert f"order 1: long {SOL}, waiting" in ran(runner, "show", "1")
    assert json.loads(ran(runner, "show", order_id, "--json"))["order"]["plan"]["entry"] == 100
    assert order_id in ran(runner, "cancel", "1")
    ghost.run()
    assert ghost.orders()[0]["status"] == "cancelled"
    assert "it is cancelled" in refused(runner, "cancel", order_id)


def test_what_is_not_there_or_makes_no_sense_is_refused_in_words(runner: Runner) -> None:
    assert "there is no order 7" in refused(runner, "show", "7")
    assert "there is no line 7" in refused(runner, "line", "cancel", "7")
    assert refused(runner, "place", SOL, "long", "--entry", "100", "--sl", "101")
    assert "not a number above 0" in refused(runner, "place", SOL, "long", "--sl", "-1")
    off = refused(runner, "line", "set", SOL, "above", "1", FEATURE_EVENT_LOGGING="")
    assert "FEATURE_EVENT_LOGGING is not true" in off
    assert "SIGNALTAPE_GHOST must be one of" in refused(runner, "--once", SIGNALTAPE_GHOST="some")


def test_a_line_is_set_and_taken_away(
    runner: Runner, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    ran(runner, "line", "set", SOL, "above", "105.5", "--label", "breakout")
    ghost.run()
    assert "105.5" in ran(runner, "lines")
    ran(runner, "line", "cancel", "1")
    ghost.run()
    assert "lines: none" in ran(runner, "lines")
    assert json.loads(ran(runner, "lines", "--all", "--json"))[0]["status"] == "cancelled"
    assert [one["what"] for one in told(redis_client, settings, "price_line")] == ["set", "cancelled"]


def test_long_and_odd_names_fit_the_terminal(tape: Tape, runner: Runner, ghost: Ghost) -> None:
    odd = "\N{SNOWMAN}\u202e" * 64
    order = {"orderId": "o" * 512, "symbol": odd, "side": "long", "entry": 100.123456789012, "sl": 98}
    tape.command("place", 0, **order)
    tape.command("set_line", 0, lineId="l" * 512, symbol=odd, price=1e14, direction="above", label="x" * 512)
    tape.bar(60, FILL, symbol=odd)
    ghost.run()
    for command in (("list",), ("show", "1"), ("lines",), ("pnl",)):
        out = ran(runner, *command)
        assert all(width(line) <= 80 for line in out.splitlines()), out
        assert "\u202e" not in out


def test_what_was_earned_in_r(tape: Tape, runner: Runner, ghost: Ghost) -> None:
    tape.plan()
    tape.bar(60, FILL)
    tape.bar(120, TO_TARGET)
    ghost.run()
    out = ran(runner, "pnl", "--days", "3650")
    assert out.startswith("closed in 3650 days: 1, +2.00 R")
    assert json.loads(ran(runner, "pnl", "--days", "3650", "--json"))[-1]["closed"] == 1


def test_the_digest_is_that_of_the_rows(tape: Tape, runner: Runner, ghost: Ghost) -> None:
    empty = ran(runner, "digest")
    tape.plan()
    ghost.run()
    assert ran(runner, "digest") != empty
    assert json.loads(ran(runner, "digest", "--json")) == {"sha256": ghost.digest(), "orders": 1}


def test_a_pause_stops_new_orders_and_follows_the_open_ones(
    tape: Tape, runner: Runner, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    process = runner.start("ghost", SIGNALTAPE_GHOST="all")
    tape.plan()
    eventually(lambda: len(ghost.orders()) == 1)
    assert runner.run("signaltape", "pause", "--why", "test")[0] == 0
    eventually(lambda: _heard(redis_client, settings))
    tape.plan(entry=99)
    tape.bar(60, FILL)
    eventually(lambda: [order["status"] for order in ghost.orders()] == ["open"])
    assert runner.run("signaltape", "resume")[0] == 0
    process.popen.send_signal(signal.SIGTERM)
    code, _, err = process.finish(20)
    assert code == 0, err


def test_it_ends_when_it_is_told_to_and_is_seen_while_it_lives(
    tape: Tape, runner: Runner, ghost: Ghost, redis_client: Any, settings: Settings
) -> None:
    process = runner.start("ghost", SIGNALTAPE_GHOST="all")
    eventually(
        lambda: any(one.startswith(b"ghost") for one in redis_client.hkeys(f"{settings.stream}:processes"))
    )
    tape.plan()
    eventually(lambda: len(ghost.orders()) == 1)
    process.popen.send_signal(signal.SIGTERM)
    assert process.finish(20)[0] == 0
    assert not [one for one in redis_client.hkeys(f"{settings.stream}:processes") if one.startswith(b"ghost")]


def _heard(client: Any, settings: Settings) -> bool:
    values = client.hgetall(f"{settings.stream}:processes").values()
    return any(b"ghost" in one and b"paused" in one for one in values)
