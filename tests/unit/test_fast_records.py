"""The fast path to accept a record against the contract: the same verdict, the same record."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.fast_records import Plain, fast_records
from consumer.entry import Entry
from signaltape.contract.record_codec import decode_record
from signaltape.contract.records import type_of
from signaltape.errors import InvalidEvent
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import as_json

ID = "0196f3a0-0000-7000-8000-000000000001"
NOON = "2022-01-17T12:00:00.123456+07:00"

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.text(max_size=2), max_size=22),
    st.sampled_from(["ok", "place", "cancel", "cancel_line", "rung", "refused", "long", 1e16, 0]),
    st.sampled_from([ID.upper(), ID.replace("-", ""), f"{ID[:-1]}g", f"{{{ID}}}", "é" * 36, "\ud800"]),
    st.sampled_from(
        ["2022-01-17T09:30:00", "1969-01-01T00:00:00Z", "2022-01-17T09:30:00+05:30", "2199-12-31"]
    ),
)
#: Of those that are checked, of every kind one at least.
_FIELDS = st.sampled_from(
    [
        *("id", "timestamp", "symbol", "eventType", "price", "qty", "side", "mode", "provider", "exchangeTs"),
        *("dataQuality", "reasons", "rate", "value", "command", "what", "orderId", "entryLow", "sl", "seen"),
    ]
)


def _exact(name: str, data: bytes) -> tuple[Any, ...]:
    found = decode_record(name, data, stream="s", entry_id="1-0", default_ts=lambda: datetime.now(UTC))
    event_type = type_of(name, found.record.event_type)
    return found.record_id, found.record.symbol, event_type, found.ts


def _quick(name: str, data: bytes) -> tuple[Any, ...] | None:
    accepted, left = _together(name, [data])
    assert len(accepted) + len(left) == 1
    return accepted[0][1:] if accepted else None


def _together(name: str, data: list[bytes]) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """What was accepted, each with its data first, and the data left to the contract."""
    entries = [Entry("s", f"{n}-0", [b"event", name.encode(), b"data", one]) for n, one in enumerate(data)]
    plain = Plain(entries, ["s"] * len(data), [entry.entry_id for entry in entries], data)
    accepted, left = fast_records(name, plain)
    rows = list(accepted.rows())
    places = [
        int(entry_id.split("-")[0]) for entry_id in (*accepted.entry_ids, *(one.entry_id for one in left))
    ]
    assert sorted(places) == list(range(len(data))), "each entry once"
    assert [row.payload for row in rows] == [data[place] for place in places[: len(rows)]]
    found = [(one.payload, one.record_id, one.symbol, one.event_type, one.ts) for one in rows]
    return found, [data[place] for place in places[len(rows) :]]


@given(
    name=st.sampled_from(list(RECORD_SAMPLES)),
    changes=st.dictionaries(_FIELDS, odd),
)
def test_what_is_accepted_fast_is_the_record_of_the_contract(name: str, changes: dict[str, Any]) -> None:
    try:
        data = as_json({"id": ID, "timestamp": NOON, **RECORD_SAMPLES[name], **changes})
    except (ValueError, OverflowError):
        return
    quick = _quick(name, data)
    assert quick is None or quick == _exact(name, data)


@pytest.mark.parametrize("name", RECORD_SAMPLES)
def test_what_the_emitter_writes_is_accepted_fast(name: str) -> None:
    data = as_json({"id": ID, **RECORD_SAMPLES[name], "timestamp": datetime.now(UTC)})
    assert _quick(name, data) == _exact(name, data)


def test_a_time_in_milliseconds_is_accepted_fast_too() -> None:
    pieces = [
        _trade(1),
        as_json({"id": ID, **RECORD_SAMPLES["market_trade"], "timestamp": 1_642_376_400_123}),
    ]
    accepted, left = _together("market_trade", pieces)
    assert [tuple(found) for _, *found in accepted] == [_exact("market_trade", piece) for piece in pieces]
    assert left == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"id": ID.upper()},
        {"timestamp": None},
        {"timestamp": "2022-01-17T12:00:00"},
        {"price": -1},
    ],
)
def test_the_rest_is_left_to_the_contract(changes: dict[str, Any]) -> None:
    data = as_json({"id": ID, "timestamp": NOON, **RECORD_SAMPLES["market_trade"], **changes})
    assert _quick("market_trade", data) is None


def _trade(number: int) -> bytes:
    record_id = f"{ID[:-6]}{number:06d}"
    return as_json({"id": record_id, **RECORD_SAMPLES["market_trade"], "timestamp": NOON})


#: What could come to make sense only beside something else.
_scraps = st.one_of(
    st.integers(0, 99).map(_trade),
    st.tuples(st.integers(0, 99), st.integers(1, 120)).map(lambda cut: _trade(cut[0])[: cut[1]] + b"}"),
    st.tuples(st.integers(0, 99), st.integers(1, 120)).map(lambda cut: b"{" + _trade(cut[0])[cut[1] :]),
    st.tuples(st.sampled_from([b"", b",", b"\n", b" \n", b"\r\n"])).map(
        lambda by: by[0].join([_trade(1), _trade(2)])
    ),
    st.sampled_from(
        [
            b"",
            b"{}",
            b"{",
            b"}",
            b"[]",
            b"null",
            b"\n",
            b'{"a":"}',
            b'{",',
            b'{"id":"}',
            b'{","x":1}',
            b'{"a":[{}',
        ]
    ),
    st.sampled_from([b" " + _trade(3), _trade(4) + b"\n", _trade(5).replace(b",", b",\n")]),
    st.lists(st.sampled_from([b"{", b"}", b'"', b",", b":", b"[", b"]", b"\n", b"1", b"\\"])).map(b"".join),
)


@given(st.lists(_scraps, min_size=1, max_size=8))
def test_records_read_together_are_judged_each_by_itself(pieces: list[bytes]) -> None:
    accepted, left = _together("market_trade", pieces)
    for payload, *found in accepted:
        assert tuple(found) == _exact("market_trade", payload)
    for payload in left:
        assert _quick("market_trade", payload) is None


def test_a_bad_record_leaves_its_neighbours_on_the_fast_path() -> None:
    pieces = [_trade(number) for number in range(100)]
    pieces[37] = b'{"id":"'
    pieces[61] += b"\n" + _trade(200)
    accepted, left = _together("market_trade", pieces)
    assert (len(accepted), left) == (98, [pieces[37], pieces[61]])
    with pytest.raises(InvalidEvent):
        _exact("market_trade", pieces[61])
