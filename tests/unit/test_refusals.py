"""A refusal names the place, its rule and the value, also deep inside and of what is no UTF-8."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, InvalidEvent, Settings
from signaltape.contract.codec import encode, validate
from signaltape.contract.record_codec import decode_record
from signaltape.contract.record_fields import wire_fields
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import as_json, published

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)


def decode(name: str, fields: dict[str, Any]) -> None:
    """Decode a record as the worker does."""
    decode_record(name, as_json(fields), stream="s", entry_id="1-0", default_ts=lambda: NOON)


def refusal(data: bytes) -> str:
    with pytest.raises(InvalidEvent) as caught:
        validate("signal_published", data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("layers", "says"),
    [
        (
            {"ok": True, "smc": {"match": "maybe"}},
            "layers.smc.match must be true, false, match or not_match, got 'maybe'",
        ),
        ({"ok": True, "smc": {"match": True, "weight": "x"}}, "layers.smc.weight must be a number, got 'x'"),
        (
            {"ok": True, "smc": "maybe"},
            "layers.smc must be true, false, match, not_match, or an object with one of these as match, got 'maybe'",
        ),
        ({"ok": True, "smc": {}}, "layers.smc.match is required"),
        ([1], "layers is wrong: Expected `object | null`, got `array`, got [1]"),
        ({str(n): True for n in range(500)} | {"bad": 7}, "layers[...] must be true, false"),
    ],
)
def test_a_layer_is_named(layers: Any, says: str) -> None:
    assert refusal(as_json(published(layers=layers))).startswith(says)


@pytest.mark.parametrize(
    ("name", "changes", "says"),
    [
        ("market_book", {"bids": [[1, 2], [3, "x"]]}, "bids[1][1] must be a number, got 'x'"),
        (
            "health_snapshot",
            {"services": {"a": {"status": "OK"}, "feed": {"status": "FINE"}}},
            "services.feed.status must be OK, WARN or ERROR, got 'FINE'",
        ),
        ("health_snapshot", {"services": {"feed": {}}}, "services.feed.status is required"),
        ("state_event", {"id": 5}, "id must be a UUID, got 5"),
    ],
)
def test_a_place_within_a_record_is_named(name: str, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        decode(name, {**RECORD_SAMPLES[name], **changes})
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b'"note":"a\\ud800"', "note must be a text that UTF-8 can hold, got 'a\\ud800'"),
        (b'"note":{"deep":["\\udc00x"]}', "note.deep[0] must be a text that UTF-8 can hold"),
        (b'"\\ud800":1', "a name must be a text that UTF-8 can hold"),
        (b'"setup":"\\ud800"', "setup must be a text that UTF-8 can hold"),
        (b'"note":{"deep":["\xff"]}', "data must be JSON: 'utf-8' codec can't decode byte 0xff"),
    ],
)
def test_a_text_that_is_no_utf_8_is_named(written: bytes, says: str) -> None:
    said = refusal(as_json(published())[:-1] + b"," + written + b"}")
    assert said.startswith(says)
    assert b"\xff" not in written or said.endswith("(in note.deep[0])")


def test_it_is_named_by_emit_too() -> None:
    says = r"note.deep\[0\] must be a text that UTF-8 can hold, got 'a\\ud800'"
    with pytest.raises(InvalidEvent, match=says):
        encode(published(note={"deep": ["a\ud800"]}))


def test_an_id_that_is_no_uuid_is_refused_with_the_same_words_at_both_ends(tmp_path: Path) -> None:
    order = {**RECORD_SAMPLES["order_log"], "id": "ord-1"}
    says = r"^id must be a UUID, got 'ord-1' \(.*clientOrderId"
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False, strict=True)
    with pytest.raises(InvalidEvent, match=says) as at_emit:
        tape.order(order)
    tape.close()
    with pytest.raises(InvalidEvent) as at_the_worker:
        decode("order_log", order)
    assert str(at_emit.value) == str(at_the_worker.value)


@pytest.mark.parametrize("given", [None, ""])
def test_a_record_without_an_id_gets_one_even_if_the_field_is_given(given: Any) -> None:
    written = wire_fields("order_log", {**RECORD_SAMPLES["order_log"], "id": given}, NOON)
    assert len(written["id"]) == 36, "else each sending of it would be another row"
