"""A line of the archive: ours in front wins for every reader, and the payload comes out as it was sent."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.replay.session import read_events
from tests.support.archived import NOON, built, record, write
from tests.support.samples import SAMPLES, new_id

OURS = ("_event", "_id", "_ts", "_payload")


def lines(data: Path) -> list[bytes]:
    return [line for path in (data / "data").rglob("*.jsonl") for line in path.read_bytes().splitlines()]


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """As a reader reads that takes the first of several equal keys."""
    return dict(reversed(pairs))


@pytest.mark.parametrize("payload", [b"{}", b"{ }", b"{\n}", b" {\t} "])
def test_an_empty_payload_is_a_line_like_any_other(tmp_path: Path, payload: bytes) -> None:
    write(tmp_path, [("risk_snapshot", payload), record("order_log", n=1)])
    assert {json.loads(line)["_event"] for line in lines(tmp_path)} == {"risk_snapshot", "order_log"}
    events = {one.event: one for one in built(tmp_path)}
    assert events["risk_snapshot"].data == {}
    assert events["order_log"].data["n"] == 1


@pytest.mark.parametrize("odd", [5, None, "x", [1], {"a": 1}])
@pytest.mark.parametrize("key", [*OURS, "\\u005fid", "\\u005Fts", "_\\u0069d"])
def test_a_key_of_the_payload_never_hides_ours(tmp_path: Path, key: str, odd: Any) -> None:
    payload = f'{{"{key}":{json.dumps(odd)},"orders":[{{"{key}":1}}]}}'.encode()
    write(tmp_path, [("risk_snapshot", payload)])
    (line,) = lines(tmp_path)
    for read in (json.loads(line), json.loads(line, object_pairs_hook=first_wins)):
        assert read["_event"] == "risk_snapshot"
        assert len(read["_id"]) == 36
        assert read["_ts"] == "2022-01-17T05:00:00.000000Z"
    (event,) = built(tmp_path)
    assert event.payload == payload
    assert (event.event, event.data) == ("risk_snapshot", json.loads(payload))


@pytest.mark.parametrize("odd", [5, None, "OTHER", [1], {"a": 1}])
def test_an_event_of_a_signal_is_of_its_own_type_whatever_its_event_type_says(
    tmp_path: Path, odd: Any
) -> None:
    fields = {
        **SAMPLES["signal_published"](new_id()),
        "eventType": odd,
        "ts_published": "2022-01-17T12:00:00",
    }
    write(tmp_path, [("signal_published", msgspec.json.encode(fields))])
    (event,) = built(tmp_path)
    assert (event.type, event.data["eventType"]) == ("SIGNAL_PUBLISHED", odd)


keys = st.one_of(st.sampled_from([*OURS, "symbol", "eventType", "timestamp", "id", "n"]), st.text(max_size=5))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-10, 10), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(keys, inner, max_size=2)),
    max_leaves=4,
)


@given(st.dictionaries(keys, values, max_size=5), st.sampled_from([None, 1]))
def test_whatever_is_accepted_comes_out_of_a_session_as_it_went_in(
    extra: dict[str, Any], indent: int | None
) -> None:
    valid = {
        name: value for name, value in extra.items() if name not in ("symbol", "eventType", "timestamp", "id")
    }
    if any(
        "\0" in text for text in (json.dumps(valid, ensure_ascii=False), *valid)
    ) or "\\u0000" in json.dumps(valid):
        return  # no event may hold it
    payload = json.dumps(valid, indent=indent).encode()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        write(data, [("risk_snapshot", payload)])
        (event,) = built(data)
    assert (event.event, event.data) == ("risk_snapshot", valid)


@pytest.mark.parametrize(
    ("rest", "payload"),
    [
        (b"}", {}),
        (b'"_ts":2}', {"_ts": 2}),
        (b'"_id":{},"x":1}', {"_id": {}, "x": 1}),
        (b'"_x":2}', {"_x": 2}),
    ],
)
def test_lines_that_were_written_before_are_read_by_what_stands_in_front(
    tmp_path: Path, rest: bytes, payload: dict[str, Any]
) -> None:
    front = b'{"_event":"risk_snapshot","_id":"0196f3a0-0000-7000-8000-000000000001"'
    (tmp_path / "events.jsonl").write_bytes(front + b',"_ts":"2022-01-17T05:00:00.000000Z",' + rest + b"\n")
    (event,) = read_events(tmp_path)
    assert (event.event, event.event_id[-1], event.ts, event.data) == ("risk_snapshot", "1", NOON, payload)
