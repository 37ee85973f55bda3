"""The flight recorder's records: names exactly as promised, clear refusals, ids and times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, InvalidEvent, Settings
from signaltape.contract.record_codec import check_record, decode_record
from signaltape.contract.records import RECORDS
from signaltape.journal.home import journal_folders
from signaltape.journal.reader import JournalPosition, JournalReader
from tests.support.records import RECORD_SAMPLES

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)


def journalled(home: Path) -> list[tuple[str, dict[str, Any]]]:
    """What stands in all journals of a home: name and fields."""
    found = []
    for folder in journal_folders(home):
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        while items := reader.read(100, 10**6):
            found += [(item.frame.name.decode(), json.loads(item.frame.data)) for item in items]
        reader.close()
    return found


def tape(home: Path, **settings: Any) -> Emitter:
    return Emitter(Settings(feature_event_logging=True, home=home, **settings), strict=True, ship=False)


@pytest.mark.parametrize("name", RECORDS)
def test_every_record_has_a_valid_sample(name: str) -> None:
    check_record(name, json.dumps(RECORD_SAMPLES[name]).encode())


def test_the_emitters_methods_write_the_names_of_the_contract(tmp_path: Path) -> None:
    with tape(tmp_path) as emitter:
        assert emitter.state(
            symbol="SOL", from_state="A", to_state="B", event_type="REGIME_UPDATE", extra=None
        )
        assert emitter.trade(RECORD_SAMPLES["trade_log"], timestamp="2022-01-17T23:30:00")
        assert emitter.order({**RECORD_SAMPLES["order_log"], "exchangeOrderId": "x"})
        assert emitter.snapshot("tpsl", symbol="SOL", tp1_price=1.5, stop_loss_price=1.2)
        assert emitter.snapshot("health_snapshot", services={"feed": {"status": "OK"}})
        assert emitter.market("MARKET_TRADE", symbol="SOL", price=1.5, qty=2, timestamp=1642395600000)
        assert emitter.market("book", RECORD_SAMPLES["market_book"])
        assert emitter.alert(category="health", ref_id="hp_1", expiry_minutes=5, etf_inflow_usd=-1.5)
    written = dict(journalled(tmp_path))
    assert (
        written["state_event"].items()
        >= {"fromState": "A", "toState": "B", "eventType": "REGIME_UPDATE"}.items()
    )
    assert written["state_event"]["timestamp"].startswith("20")
    assert written["trade_log"]["dateKey"] == "2022-01-17", "a time without a zone is WIB"
    assert written["tpsl_snapshot"].items() >= {"tp1Price": 1.5, "stopLossPrice": 1.2}.items()
    assert written["market_trade"]["timestamp"] == 1642395600000
    assert {"health_snapshot", "market_book"} <= written.keys()
    assert written["alert"].items() >= {"refId": "hp_1", "expiryMinutes": 5, "etfInflowUsd": -1.5}.items()
    ids = [fields["id"] for fields in written.values()]
    assert all(one[14] == "7" for one in ids), "UUIDv7"


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("trade_log", {"side": "UP"}, "side must be LONG or SHORT, got 'UP'"),
        ("trade_log", {"entryPrice": 0}, "entryPrice must be a price above 0, got 0"),
        ("trade_log", {"mode": None}, "mode must be SIM, DRY_RUN or LIVE, got None"),
        ("trade_log", {"dateKey": "17.1.2022"}, "dateKey must be a day such as 2022-01-17"),
        ("order_log", {"qty": -1}, "qty must be a number, 0 or more, got -1"),
        ("state_event", {"symbol": ""}, "symbol must be a text of 1 to 128 characters, got ''"),
        ("state_event", {"timestamp": -5}, "timestamp must be milliseconds since 1970, got -5"),
        (
            "state_event",
            {"timestamp": "3022-01-17T00:00:00Z"},
            "timestamp must lie in the years 1970 to 2199",
        ),
        ("state_event", {"timestamp": "noon"}, "timestamp must be an ISO 8601 time, or milliseconds"),
        ("alert", {"confidence": 101}, "confidence must be in 0..100, got 101"),
        (
            "alert",
            {"category": "moon"},
            "category must be institutional, sniper, scalp or health, got 'moon'",
        ),
        ("alert_decision", {"decision": "lost"}, "decision must be sent, held or not_sent, got 'lost'"),
        ("feedback_click", {"userId": -1}, "userId must be a whole number, 0 or more, got -1"),
        ("operator_act", {"via": "fax"}, "via must be telegram, shell or web, got 'fax'"),
        ("system_alert", {"state": "lost"}, "state must be firing or resolved, got 'lost'"),
        ("measurement", {"count": 0}, "count must be a whole number, 1 to 10^12, got 0"),
        ("measurement", {"statuses": {"2xx": -1}}, "statuses.2xx must be a whole number, 0 to 10^12, got -1"),
        ("measurement", {"statuses": {"418": 1}}, "the names in statuses are wrong"),
        ("measurement", {"histogram": "2:A"}, "histogram must be a histogram's text of at most 2000"),
        ("measurement", {"examples": ["x"] * 4}, "examples must be a list of at most 3 texts"),
        ("health_snapshot", {"services": {"feed": {"status": "FINE"}}}, "services"),
    ],
)
def test_a_wrong_field_is_named(name: str, changes: dict[str, Any], says: str) -> None:
    data = json.dumps({**RECORD_SAMPLES[name], **changes}).encode()
    with pytest.raises(InvalidEvent) as refusal:
        check_record(name, data)
    assert says in str(refusal.value)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InvalidEvent, match="eventType is required"):
        check_record("state_event", b'{"symbol": "SOL"}')


def test_an_unknown_record_is_refused_with_the_list(tmp_path: Path) -> None:
    with tape(tmp_path) as emitter:
        with pytest.raises(
            InvalidEvent, match="there is no record 'mood_snapshot'; there are: state_event, "
        ):
            emitter.snapshot("mood", value=1)
        with pytest.raises(InvalidEvent, match="fromState must be given once, got from_state too"):
            emitter.state(symbol="S", event_type="X", from_state="A", fromState="B")


def test_the_id_is_the_records_own_then_the_wires_then_made_of_its_place() -> None:
    data = json.dumps(RECORD_SAMPLES["market_trade"]).encode()

    def record_id(data: bytes, wire_id: bytes | None) -> str:
        return decode_record(
            "market_trade", data, stream="s:{0}", entry_id="1-1", default_ts=lambda: NOON, wire_id=wire_id
        ).record_id

    own = "0196f3a0-0000-7000-8000-000000000001"
    assert record_id(data[:-1] + f', "id": "{own}"}}'.encode(), b"x") == own
    assert record_id(data, own.upper().encode()) == own
    made = record_id(data, None)
    assert made == record_id(data, None)
    assert made[14] == "5"
    with pytest.raises(InvalidEvent, match="id must be a UUID, got 'x'"):
        record_id(data, b"x")


def test_past_the_bound_the_oldest_records_go_before_any_event(tmp_path: Path) -> None:
    from tests.support.samples import published

    emitter = tape(tmp_path, segment_bytes=16 * 1024, journal_max_bytes=128 * 1024)
    events = records = 0
    for _ in range(200):
        events += emitter.published(published())
        for _ in range(10):
            records += emitter.market("trade", symbol="SOL", price=1.5, qty=2)
    emitter.close()
    kept = [name for name, _ in journalled(tmp_path)]
    assert kept.count("signal_published") == events == 200
    assert records - kept.count("market_trade") == emitter.stats()["dropped"] > 0
