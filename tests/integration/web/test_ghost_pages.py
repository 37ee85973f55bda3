"""Ghosts on the dashboard: in the list, on their signal's page, each by itself; the same as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from signaltape import Settings
from sink.db import Connection
from tests.support.book import Book
from tests.support.ghosting import SOL, START, Ghost, Tape
from tests.support.market import candles, write_records
from tests.support.served import Served

#: In at 100; then one bar has both the stop (98) and the target (104).
FILL, BOTH = ("100", "101", "99.5", "100"), ("100", "105", "97", "104")
PRICES = [(100, 101, 99.5, 100), (100, 105, 97, 104)]


@pytest.fixture
def followed(redis_client: Any, settings: Settings, connection: Connection, book: Book) -> tuple[str, Ghost]:
    """A signal at 09:00 WIB whose tape leaves open what came first; its engine says it won 2 R."""
    tape, ghost = Tape(redis_client, settings.stream), Ghost(settings, connection)
    ended = (START + timedelta(minutes=2)).isoformat()
    plan = {"entry": 100, "sl": 98, "tp": 104, "symbol": SOL}
    signal_id = book.signal(0.7, at=START.isoformat(), **plan)
    book.trigger(signal_id, 60_000, (START + timedelta(minutes=1)).isoformat(), entry_fill=100)
    book.close(signal_id, 2, at=ended)
    tape.plan(signal_id=signal_id)
    tape.bar(60, FILL)
    tape.bar(120, BOTH)
    ghost.run()
    return signal_id, ghost


def test_a_signal_shows_its_ghost_beside_what_its_engine_says(
    served: Served, followed: tuple[str, Ghost], connection: Connection
) -> None:
    signal_id, ghost = followed
    write_records(connection, *candles(SOL, START, PRICES))
    text = served.get(f"/signals/{signal_id}").text
    (order,) = ghost.orders()
    assert (order["rr_realized"], order["rr_best"]) == (-1, 2)
    assert (
        'closed by sl</td><td class="num">100</td><td class="num">−1.00\u00a0R</td><td class="num">+2.00'
        in text
    )
    assert '<td class="num">+3.00\u00a0R</td></tr>' in text, "the engine's +2 less the ghost's -1"
    assert [text.count(f'class="ghost {kind}"') for kind in ("in", "worse", "better", "out")] == [1, 1, 1, 0]


def test_what_a_ghost_logs_is_no_fill_of_the_engines(
    served: Served, followed: tuple[str, Ghost], connection: Connection
) -> None:
    signal_id, _ = followed
    log = {"symbol": SOL, "avgFillPrice": 100, "status": "FILLED", "signalId": signal_id, "source": "ghost"}
    write_records(connection, *candles(SOL, START, PRICES), ("order_log", START + timedelta(minutes=1), log))
    assert "<circle" not in served.get(f"/signals/{signal_id}").text


def test_the_list_is_filtered_and_paged(
    served: Served, redis_client: Any, settings: Settings, connection: Connection
) -> None:
    assert "No plan is followed yet" in served.get("/ghosts").text
    tape, ghost = Tape(redis_client, settings.stream), Ghost(settings, connection)
    for _ in range(3):
        tape.plan()
    tape.plan(symbol="BTC-USDT-SWAP")
    ghost.run()
    text = served.get("/ghosts").text
    assert "<h1>4 ghosts</h1>" in text
    assert text.count('<tr><td><a href="/ghosts/') == 4
    assert served.get("/ghosts?symbol=BTC-USDT-SWAP").text.count('<tr><td><a href="/ghosts/') == 1
    assert "No ghost is like that" in served.get("/ghosts?status=closed").text
    assert served.get("/ghosts?status=odd").status == 400
    first = json.loads(served.get("/api/ghosts?limit=3&status=waiting").text)
    assert ([one["number"] for one in first["orders"]], first["next_below"]) == ([4, 3, 2], 2)
    rest = json.loads(served.get("/api/ghosts?limit=3&status=waiting&below=2").text)
    assert ([one["number"] for one in rest["orders"]], rest["next_below"]) == ([1], None)


def test_one_by_itself(served: Served, followed: tuple[str, Ghost]) -> None:
    signal_id, _ = followed
    text = served.get("/ghosts/1").text
    assert "closed by sl, −1.00\u00a0R" in text
    assert "in the better world" in text
    assert f'href="/signals/{signal_id}"' in text
    assert "<dt>tp1</dt><dd>104</dd>" in text
    card = json.loads(served.get("/api/ghosts/1").text)
    assert [one["world"] for one in card["fills"]] == ["both", "worse", "better"]
    assert served.get("/ghosts/7").status == served.get("/api/ghosts/7").status == 404
