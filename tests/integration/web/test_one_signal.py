"""One signal's page: waits, the market around it, its messages; and a record's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from signaltape.clock import WIB
from sink.db import Connection
from tests.support.book import TUESDAY, Book
from tests.support.market import candles, write_records
from tests.support.served import Served

AT = datetime.fromisoformat(TUESDAY).replace(tzinfo=WIB)
SYMBOL = "SOL-USDT-SWAP"


@pytest.fixture
def traded(book: Book) -> str:
    """Published at 10:00, filled at 100 at 10:02, stop 98, closed at 10:05 for +1 R."""
    signal_id = book.signal(0.82, entry=100, sl=98, tp=104, ref_id="ib_20220118_SOL")
    filled, ended = AT + timedelta(minutes=2), AT + timedelta(minutes=5)
    book.trigger(signal_id, 120_000, filled.isoformat(), entry_fill=100)
    book.close(signal_id, 1, at=ended.isoformat(), time_in_trade_ms=180_000)
    return signal_id


def test_the_price_path_says_how_far_the_trade_went(
    served: Served, traded: str, connection: Connection
) -> None:
    """By hand, 1 R is 2: highest 103 (+1.5 R) by 10:04, lowest 99 (−0.5 R) by 10:03."""
    prices = [(99, 99.5, 98.5, 99.2), (99.2, 100, 99, 100), (100, 101, 99, 101), (101, 103, 100.5, 102)]
    write_records(connection, *candles(SYMBOL, AT, [*prices, (102, 102.5, 101, 102), (102, 110, 90, 95)]))
    text = served.get(f"/signals/{traded}").text
    assert "<dd>+1.50\u00a0R at 103, " in text
    assert "<dd>−0.50\u00a0R at 99, " in text
    assert "up to" not in text
    assert text.count('class="up"') + text.count('class="down"') == 6
    assert all(f">{words}</text>" in text for words in ("stop 98", "target 104", "fill 100", "triggered"))
    assert "6 candles" in text


def test_candles_too_many_for_a_picture_are_put_together(
    served: Served, traded: str, connection: Connection
) -> None:
    begins = AT - timedelta(minutes=5)
    seconds = [(100 + n / 1000, 100.5 + n / 1000, 99.5, 100.2) for n in range(600)]
    write_records(
        connection, *candles(SYMBOL, begins, seconds, 1), *candles(SYMBOL, begins, [(1, 999, 1, 1)], 300)
    )
    text = served.get(f"/signals/{traded}").text
    assert "40 candles" in text  # 600 of a second each, by 15 s: 25 minutes are shown
    assert ">999</td>" not in text


def test_without_a_market_that_is_said(served: Served, traded: str) -> None:
    assert f"No candle of {SYMBOL} was recorded around this signal." in served.get(f"/signals/{traded}").text


def test_orders_that_name_the_signal_are_its_fills(
    served: Served, traded: str, connection: Connection
) -> None:
    filled = {"symbol": SYMBOL, "avgFillPrice": 100, "status": "FILLED"}
    at = AT + timedelta(minutes=2)
    write_records(
        connection,
        *candles(SYMBOL, AT, [(100, 101, 99, 100)]),
        ("order_log", at, {**filled, "clientOrderId": f"{traded}-1"}),
        ("order_log", at, {**filled, "clientOrderId": "x", "refId": "ib_20220118_SOL"}),
        ("order_log", at, {**filled, "clientOrderId": "another"}),
    )
    assert served.get(f"/signals/{traded}").text.count("<circle") == 2


def test_waits_are_said(served: Served, traded: str, book: Book) -> None:
    text = served.get(f"/signals/{traded}").text
    assert "<b>triggered</b> after 2 min" in text
    assert "by tp after 3 min in trade" in text
    other = book.signal(0.7, at="2022-01-18T09:00:00")
    book.invalidate(other, "sl")
    assert "by its stop, 1 h 00 after it was published" in served.get(f"/signals/{other}").text


def put(connection: Connection, key: str, **changes: Any) -> int:
    row = connection.execute(
        "INSERT INTO outbox (message_key, chat_id, body, not_after, told_week)"
        " VALUES (%s, '1', %s, now(), %s) RETURNING id",
        (key, changes.get("body", "Headline\nrest"), changes.get("week")),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_its_messages_are_those_that_name_it_and_the_reports_of_its_week(
    served: Served, traded: str, connection: Connection
) -> None:
    path = f"/signals/{traded}"
    assert "No message names this signal" in served.get(path).text
    told = [
        put(connection, f"alert:{traded}:1", body="<b>SOL long</b>"),
        put(connection, "alert:ib_20220118_SOL"),
        put(connection, "scorecard:2022-01-17:1", week="2022-01-17"),
    ]
    others = [put(connection, "alert:ib_20220118_SOL2"), put(connection, "x", week="2022-01-24")]
    text = served.get(path).text
    assert all(f'href="/messages/{one}"' in text for one in told)
    assert not any(f'href="/messages/{one}"' in text for one in others)
    assert "&lt;b&gt;SOL long" in text
    assert "which counted it" in text


def test_the_box_takes_any_id(served: Served, traded: str, connection: Connection) -> None:
    (record_id,) = write_records(connection, ("state_event", AT, {}))
    entry, event = [
        connection.execute(f"SELECT entry_id FROM {table}").fetchone()
        for table in ("records", "signal_events")
    ]
    message = put(connection, "scorecard:2022-01-17:-100")
    letter = connection.execute(
        "INSERT INTO dead_letters (stream, entry_id, raw, reason, entry_ts)"
        " VALUES ('s', '1642475000000-7', '', 'no JSON', to_timestamp(1642475000)) RETURNING id"
    ).fetchone()
    assert entry is not None
    assert event is not None
    assert letter is not None
    for asked, address in (
        (traded, f"/signals/{traded}"),
        ("ib_20220118_SOL", f"/signals/{traded}"),
        (event[0], f"/signals/{traded}"),
        (record_id, f"/records/{record_id}"),
        (record_id.upper(), f"/records/{record_id}"),
        (entry[0], f"/records/{record_id}"),
        ("1642475000000-7", f"/quality/dead-letters/{letter[0]}"),
        (str(message), f"/messages/{message}"),
        ("scorecard:2022-01-17:-100", f"/messages/{message}"),
        ("5aa4f2a5-8e2c-4b6a-a2cb-6b8f9d1f6c11", "/signals/5aa4f2a5-8e2c-4b6a-a2cb-6b8f9d1f6c11"),
    ):
        answer = served.get(f"/signals?q={asked}")
        assert (answer.status, answer.headers["Location"]) == (303, address), asked


@pytest.mark.parametrize(
    "asked", ["..%2F..%2Fetc", ".building-x", "99999999999999999999", "0", "a%00b", "1642376400000-99"]
)
def test_what_only_looks_like_an_id_leads_nowhere(served: Served, asked: str) -> None:
    answer = served.get(f"/signals?q={asked}")
    assert answer.status in (200, 400)


def test_a_record_is_shown_with_its_times_and_neighbours(served: Served, connection: Connection) -> None:
    evil = "<img src=x onerror=alert(1)>"
    named = [("state_event", AT + timedelta(seconds=n), {"eventType": f"STEP_{n}"}) for n in range(14)]
    ids = write_records(connection, *named, ("state_event", AT - timedelta(hours=1), {"eventType": evil}))
    text = served.get(f"/records/{ids[7]}").text
    assert all(
        words in text for words in ("happened", "streamed", "stored", "STEP_7", "2022-01-18 10:00:07.000 WIB")
    )
    shown = [n for n in range(14) if f">STEP_{n}<" in text]
    assert shown == list(range(2, 13))
    lonely = served.get(f"/records/{ids[-1]}").text
    assert "within a minute of it" in lonely
    assert "<img" not in lonely


@pytest.mark.parametrize("record_id", ["none", "06702516-2c23-4f03-839e-841699275858"])
def test_a_record_that_is_not_there_is_404(served: Served, record_id: str) -> None:
    answer = served.get(f"/records/{record_id}")
    assert answer.status == 404
    assert "There is no record of this id" in answer.text
