"""Whatever a producer adds to the stream: it ends as row, duplicate, conflict or dead letter, and nothing hangs."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attack.effort import tried
from tests.attack.fields import EVERYTHING, nearly_valid, odd_values
from tests.attack.way import Way
from tests.support.samples import as_json

pytestmark = pytest.mark.deep

_ENTRIES_AT_ONCE = 50
_ODD_BYTES = (
    *(
        b"",
        b"\x00",
        b"\xff",
        b'"',
        b"{",
        b"}",
        b"[",
        b",",
        b":",
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"1e999",
        b"NaN",
    ),
    *(
        b"null",
        b"-",
        b"\n",
        b"\r\n",
        b" ",
        b"\xef\xbb\xbf",
        b"9" * 5000,
        b'"_id":1,',
        b'"_ts":null,',
        b'"id":[],',
    ),
    *(b'"ts":30.5,', b'"timestamp":1642376400000.5,', b'"eventType":7,', b'"symbol":"x",', b"[" * 3000),
)
_VALUES = [b"1", b"2", b"", b"ord-1", b"8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11"]
#: A snapshot needs no field, so all of these are valid.
_SNAPSHOTS = st.sampled_from(
    [b"{}", b" { } ", b"{\n}", b'{"_id":5}', b'{"_ts":null,"x":1}', b'{"_event":["a"]}', b'{"\\u005fid":{}}']
).map(lambda data: [b"event", b"scoring_snapshot", b"data", data])
_names = st.sampled_from([name.encode() for name in EVERYTHING]) | st.binary(max_size=12)


def _json(fields: dict[str, Any]) -> bytes:
    try:
        return as_json(fields)
    except (
        UnicodeError,
        msgspec.MsgspecError,
        ValueError,
    ):  # a lone surrogate, or a number too long to be written
        return b'{"symbol":"\xed\xa0\x80"}'


@st.composite
def _near(draw: st.DrawFn) -> list[bytes]:
    """A valid entry, its bytes spoilt in one or two places."""
    name, fields = draw(nearly_valid())
    raw = bytearray(_json(fields))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(raw)))
        end = at + draw(st.integers(0, 6))
        raw[at:end] = draw(st.sampled_from(_ODD_BYTES) | st.binary(max_size=4))
    more = draw(
        st.dictionaries(
            st.sampled_from([b"v", b"id", b"x", b"event", b"data", b"replay"]),
            st.sampled_from([b"1", b"2", b"", b"ord-1", b"8c6d6a4e-6d1e-4a54-9c9d-3f6c1e0f7a11"])
            | st.binary(max_size=6),
            max_size=2,
        )
    )
    extra = [part for pair in more.items() for part in pair]
    entry = [b"event", name.encode(), b"data", bytes(raw)]
    return [*extra, *entry] if draw(st.booleans()) else [*entry, *extra]


_anything = st.lists(
    st.tuples(
        st.sampled_from([b"event", b"data", b"v", b"id", b""]) | st.binary(max_size=6), _names | st.binary()
    ),
    min_size=1,
    max_size=4,
).map(lambda pairs: [part for pair in pairs for part in pair])
entries = st.lists(
    st.one_of(_near(), _near(), _anything, _SNAPSHOTS), min_size=_ENTRIES_AT_ONCE, max_size=_ENTRIES_AT_ONCE
)


@tried(25, shrink=False)
@given(entries)
def test_every_entry_ends_somewhere(
    way: Way, caplog: pytest.LogCaptureFixture, added: list[Sequence[bytes]]
) -> None:
    caplog.set_level(logging.CRITICAL)
    count = way.add(added)
    done = way.store()
    ends = Counter(done._asdict())
    assert ends.total() == count, ends
    dead = way.reasons()
    assert len(dead) == done.dead
    assert all(reason and "\n" not in reason for reason, _ in dead)
    assert _pending(way, b"worker") == 0


@tried(10, shrink=False)
@given(entries)
def test_every_entry_is_archived_or_left_to_the_worker(
    way: Way, caplog: pytest.LogCaptureFixture, added: list[Sequence[bytes]]
) -> None:
    caplog.set_level(logging.CRITICAL)
    way.archive()
    count = way.add(added)
    done = way.archive()
    assert sum(done) == count, done
    assert _pending(way, b"archive") == 0
    for line in way.archived():
        msgspec.json.decode(line, type=dict[str, msgspec.Raw])


@tried(10, shrink=False)
@given(st.lists(st.tuples(st.sampled_from(sorted(EVERYTHING)), odd_values), min_size=20, max_size=20))
def test_data_that_is_no_object_is_a_dead_letter(
    way: Way, caplog: pytest.LogCaptureFixture, given_data: list[tuple[str, Any]]
) -> None:
    caplog.set_level(logging.CRITICAL)
    entries = [
        [b"event", name.encode(), b"data", _json(value) if not isinstance(value, dict) else b"1"]
        for name, value in given_data
    ]
    way.store()  # what is left of other tests
    way.reasons()
    count = way.add(entries)
    done = way.store()
    assert (done.stored, done.duplicates, done.conflicts, done.dead) == (0, 0, 0, count)
    way.reasons()


def _pending(way: Way, group: bytes) -> int:
    return int(way.redis.xpending(way.key, group)["pending"])
