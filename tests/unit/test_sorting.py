"""Whatever an entry holds, sorting it and making it ready for COPY never raises: it is accepted or a dead letter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from sink.write.lines import Prepared, prepare
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import ALL_SAMPLES, as_json

_WHOLE = {
    **{name: as_json(make("8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11")) for name, make in ALL_SAMPLES.items()},
    **{
        name: as_json(
            {
                "id": "0196f3a0-0000-7000-8000-000000000001",
                **sample,
                "timestamp": datetime(2022, 1, 17, tzinfo=UTC),
            }
        )
        for name, sample in RECORD_SAMPLES.items()
    },
}
_NAMES = st.sampled_from(list(_WHOLE))
_BYTES = st.one_of(
    st.binary(min_size=1, max_size=3),
    st.sampled_from(
        [b',"x":"\xff"', b',"x":"\xc3\xa9"', b',"x":"a\tb"', b',"x":"\\u0000"', b',"x":"\\ud800"']
    ),
)


def _prepare(*entries: tuple[str, bytes]) -> Prepared:
    return prepare(
        decode_entries(
            [
                Entry("s:{0}", f"{n}-0", [b"event", name.encode(), b"data", data])
                for n, (name, data) in enumerate(entries)
            ]
        )
    )


@given(st.lists(st.tuples(_NAMES, st.floats(0, 1), _BYTES, st.booleans()), min_size=1, max_size=6))
def test_damaged_entries_are_sorted(damages: list[tuple[str, float, bytes, bool]]) -> None:
    entries = []
    for name, where, what, instead in damages:
        whole = _WHOLE[name]
        at = int(where * len(whole))
        entries.append((name, whole[:at] + what + whole[at + len(what) * instead :]))
    prepared = _prepare(*entries)
    batch = prepared.batch
    assert len(batch.accepted) + len(batch.records) + len(batch.dead) == len(entries) == prepared.size


@pytest.mark.parametrize("name", _WHOLE)
def test_what_is_not_utf_8_becomes_a_dead_letter_even_in_a_field_that_nobody_knows(name: str) -> None:
    whole = _WHOLE[name]
    good, bad = (whole[:-1] + b',"note":"' + byte + b'"}' for byte in (b"\xc3\xa9", b"\xff"))
    batch = _prepare((name, good), (name, bad), (name, whole)).batch
    assert len(batch.accepted) + len(batch.records) == 2
    (letter,) = batch.dead
    assert (letter.raw, letter.entry_id) == (bad, "1-0")
    assert letter.reason.startswith("data must be JSON: 'utf-8' codec can't decode byte 0xff")


@pytest.mark.parametrize("name", RECORD_SAMPLES)
def test_an_id_beside_a_record_counts_only_where_it_has_none(name: str) -> None:
    own, beside = "0196f3a0-0000-7000-8000-000000000001", "0196f3a0-0000-7000-8000-000000000002"
    without = as_json({**RECORD_SAMPLES[name], "timestamp": datetime(2022, 1, 17, tzinfo=UTC)})
    entries = [
        Entry("s:{0}", f"{n}-0", [b"event", name.encode(), b"data", data, b"id", beside.encode()])
        for n, data in enumerate((_WHOLE[name], without))
    ]
    assert decode_entries(entries).records.record_ids == [own, beside]
