"""What ghosts, the market and orders to ghosts add to the contract: events beside the engine's own, records, rules."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from signaltape import InvalidEvent
from signaltape.contract.codec import event_id
from signaltape.contract.events import ENGINE_EVENTS, GHOST_EVENTS
from signaltape.contract.record_codec import check_record
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES, closed, new_id
from tests.unit.test_records import journalled, tape

PLACE = RECORD_SAMPLES["order_command"]
SET_LINE = {"command": "set_line", "lineId": "l-1", "symbol": "SOL-USDT", "price": 220, "direction": "below"}
LINE = RECORD_SAMPLES["price_line"]


def without(fields: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names} | more


def test_a_ghosts_event_has_an_id_of_its_own_and_the_fields_of_the_engines() -> None:
    signal_id = new_id()
    ids = {event_id(signal_id, name) for name in (*ENGINE_EVENTS, *GHOST_EVENTS)}
    assert len(ids) == 7
    for name, kind in GHOST_EVENTS.items():
        same = ENGINE_EVENTS[name.replace("ghost_", "signal_")]
        assert kind.__struct_fields__ == same.__struct_fields__
        assert kind.TIME_FIELD == same.TIME_FIELD
        table = same.TABLE.replace("signal_", "ghost_")
        assert table == kind.TABLE


@pytest.mark.parametrize("name", ALL_SAMPLES)
def test_every_lifecycle_event_is_emitted_by_its_name(name: str, tmp_path: Path) -> None:
    with tape(tmp_path, engine="ghost-1") as emitter:
        assert emitter.event(name, ALL_SAMPLES[name]())
        with pytest.raises(InvalidEvent, match="symbol must be a text of 1 to 128 characters"):
            emitter.event(name, ALL_SAMPLES[name](), symbol="")
    ((found, fields),) = journalled(tmp_path)
    assert (found, fields["engine"]) == (name, "ghost-1")
    assert fields[{**ENGINE_EVENTS, **GHOST_EVENTS}[name].TIME_FIELD].startswith("20")


def test_an_event_that_there_is_none_of_is_refused_and_a_record_is_not(tmp_path: Path) -> None:
    with tape(tmp_path) as emitter:
        assert emitter.event("price_line", LINE)
        with pytest.raises(InvalidEvent, match="there is no record 'ghost_published'"):
            emitter.event("ghost_published", closed())
    assert [name for name, _ in journalled(tmp_path)] == ["price_line"]


@pytest.mark.parametrize("kind", ["funding", "open_interest", "candle"])
def test_what_an_exchange_sent_keeps_its_digits(kind: str, tmp_path: Path) -> None:
    texts = {"rate": "0.00010000", "value": "1200000.50", "volume": "1E-8"}
    name = f"market_{kind}"
    numbers = {field: Decimal(text) for field, text in texts.items()}
    with tape(tmp_path) as emitter:
        assert emitter.market(kind, {**RECORD_SAMPLES[name], **numbers, "bid": Decimal("1.10")})
    ((_, fields),) = journalled(tmp_path)
    assert {field: fields[field] for field in texts} == {field: float(text) for field, text in texts.items()}
    raw = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert all(f'"{field}":{text}'.encode() in raw for field, text in texts.items())
    assert b'"bid":1.10' in raw


@pytest.mark.parametrize(
    "fields",
    [
        PLACE,
        without(PLACE, "entryLow", "entryHigh", entry=222),
        without(PLACE, "entryLow", "entryHigh", entryType="market"),
        {**SET_LINE, "by": "ghost", "via": "auto"},
        {"command": "cancel", "orderId": "o-1", "by": "a", "via": "shell"},
        {"command": "cancel_line", "lineId": "l-1", "by": "a", "via": "web"},
    ],
)
def test_an_order_that_can_be_understood_is_taken(fields: dict[str, Any]) -> None:
    check_record("order_command", json.dumps(fields).encode())


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (without(PLACE, "symbol"), "symbol is required to place"),
        (without(PLACE, "orderId"), "orderId is required to place"),
        (without(PLACE, "side"), "side is required to place"),
        (without(PLACE, sl=None), "sl is required to place"),
        (without(PLACE, "entryLow"), "entryLow and entryHigh must be given together"),
        (without(PLACE, entryLow=223), "entryLow must be at most entryHigh, got 223.0 and 222.4"),
        (
            without(PLACE, "entryLow", "entryHigh"),
            "entry is required to place (or entryLow and entryHigh, or",
        ),
        (without(PLACE, "entryLow", "entryHigh", entryType="stop"), "entry is required to place"),
        (without(PLACE, entryType="iceberg"), "entryType must be limit, stop or market, got 'iceberg'"),
        (without(PLACE, command="cancel", orderId=""), "orderId is required to cancel"),
        (
            without(PLACE, command="move"),
            "command must be place, cancel, set_line or cancel_line, got 'move'",
        ),
        (without(PLACE, "by"), "by is required"),
        (without(PLACE, via="fax"), "via must be auto, telegram, shell or web, got 'fax'"),
        ({**SET_LINE, "by": "a", "via": "web", "price": None}, "price is required to set_line"),
        ({**SET_LINE, "by": "a", "via": "web", "direction": "up"}, "direction must be above or below"),
        ({"command": "cancel_line", "by": "a", "via": "web"}, "lineId is required to cancel_line"),
    ],
)
def test_an_order_that_cannot_be_followed_is_refused_in_words(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidEvent) as refusal:
        check_record("order_command", json.dumps(fields).encode())
    assert str(refusal.value).startswith(says)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (without(LINE, "seen"), "seen is required of a line that is rung"),
        (without(LINE, "price", what="set"), "price is required of a line that is set"),
        (without(LINE, what="lost"), "what must be set, rung, expired, cancelled or refused, got 'lost'"),
    ],
)
def test_a_line_says_what_became_of_it(fields: dict[str, Any], says: str) -> None:
    check_record(
        "price_line", json.dumps({"lineId": "l-9", "what": "refused", "reason": "no such line"}).encode()
    )
    with pytest.raises(InvalidEvent) as refusal:
        check_record("price_line", json.dumps(fields).encode())
    assert str(refusal.value).startswith(says)


def test_of_why_data_is_doubted_no_more_than_twenty_words_are_kept() -> None:
    sample = RECORD_SAMPLES["market_candle"]
    check_record("market_candle", json.dumps({**sample, "reasons": ["stale"] * 20}).encode())
    with pytest.raises(InvalidEvent, match="reasons must be a list of at most 20 texts"):
        check_record("market_candle", json.dumps({**sample, "reasons": ["stale"] * 21}).encode())
