"""/ghosts: what the ghost stored, as it stands now, by all that is on the tape."""

from __future__ import annotations

from typing import Any

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.integration.draining import drain
from tests.support.asking import Asker, buttons
from tests.support.ghosting import BTC, Ghost, Tape, at, walk


@pytest.fixture
def tape(redis_client: Any, settings: Settings) -> Tape:
    return Tape(redis_client, settings.stream)


@pytest.fixture
def asker(settings: Settings, connection: Connection) -> Asker:
    return Asker(settings, connection, at(600))


@pytest.fixture
def followed(tape: Tape, settings: Settings, connection: Connection, key: str) -> None:
    """One closed at its target, one stopped, one half out, one that waits, one that was not filled in time."""
    tape.plan(ref_id="won")
    tape.plan(sl=99.5, ref_id="lost")
    tape.plan(minutes=1, entry=90, sl=80, ref_id="unfilled")
    tape.plan(ref_id="half", tp2=120)
    tape.plan(symbol=BTC, entry=50, sl=40, tp=60, ref_id="waits")
    tape.bar(60, ("101", "101", "99", "100"))
    tape.bar(120, ("100", "105", "100", "104"))
    tape.bar(180, ("104", "105", "103", "104.5"))
    walk(tape, ["55"] * 9, symbol=BTC)
    Ghost(settings, connection).run()
    drain(settings, key)


def lines(asker: Asker, *args: str) -> list[str]:
    text = asker.ask("ghosts", *args).text.text.replace("\u00a0", " ")
    return text.partition("Each of them")[0].splitlines()


def test_what_waits_is_open_and_has_ended_today(asker: Asker, followed: None) -> None:
    assert lines(asker) == [
        "Ghosts · 1 open, 1 waiting",
        "Open: +2.12 R so far",
        "Today: +1.00 R, 1 of 2 won",
        "open   SOL  L     +2.12",
        "waits  BTC  L        50",
        "09:02  SOL  L     +2.00",
        "09:01  SOL  L  unfilled",
        "09:01  SOL  L     −1.00",
        "As of 09:10:00 WIB",
    ]


def test_those_of_one_symbol(asker: Asker, followed: None) -> None:
    found = lines(asker, "btc")
    assert found[0] == "Ghosts BTC · 0 open, 1 waiting"
    assert [line for line in found if "SOL" in line] == []
    assert buttons(asker.ask("ghosts", "btc")) == ["All", "Signals", "PnL", "Refresh"]
    assert lines(asker, "doge")[0] == "/ghosts · no such symbol"
    again = asker.press(asker.ask("ghosts", "btc"), "All")
    assert again.text.text.startswith("Ghosts · 1 open")


def test_without_a_fresh_price_nothing_is_made_up(asker: Asker, followed: None) -> None:
    asker.now = at(3_000)
    assert lines(asker)[1] == "Open: no price of the last 10 min"
    asker.now = at(86_400)
    assert lines(asker)[2] == "Today: none closed"


def test_where_there_is_none_it_says_how_to_make_one(asker: Asker) -> None:
    assert lines(asker)[:2] == ["Ghosts · none today", "Set Entry of an alert makes one."]


@pytest.mark.parametrize(
    ("kind", "side", "edge"),
    [("limit", "long", "102"), ("limit", "short", "100"), ("stop", "long", "100"), ("stop", "short", "102")],
)
def test_one_that_waits_does_so_for_the_edge_that_the_price_comes_to_first(
    tape: Tape, settings: Settings, connection: Connection, asker: Asker, kind: str, side: str, edge: str
) -> None:
    sl, tp = (90, 120) if side == "long" else (120, 90)
    tape.plan(side=side, entry=None, entry_low=100, entry_high=102, sl=sl, tp=tp, entry_type=kind)
    Ghost(settings, connection).run()
    assert [line.split()[-1] for line in lines(asker) if line.startswith("waits")] == [edge]


def test_a_price_of_later_is_none_of_now(
    asker: Asker, followed: None, tape: Tape, settings: Settings, key: str
) -> None:
    """One clock of an engine that goes wrong."""
    tape.bar(4_200, ("200", "200", "200", "200"))
    drain(settings, key)
    assert lines(asker)[1] == "Open: +2.12 R so far"
