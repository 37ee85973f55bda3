"""Events and records that are nearly as they should be: valid ones, with some fields changed, added or left out."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.records import RECORD_SAMPLES
from tests.support.samples import LAYERS, SAMPLES

EVERYTHING: dict[str, dict[str, Any]] = {**{name: make() for name, make in SAMPLES.items()}, **RECORD_SAMPLES}

_optional = {
    *("ts", "ts_published", "ts_triggered", "ts_invalidated", "ts_closed", "layers", "setup", "entry", "sl"),
    *("tp", "confidence", "ref_id", "timeframe", "side", "rr_best", "fees_r", "timestamp", "id", "eventType"),
    *("dateKey", "_id", "_ts", "_event", "extra", "note"),
}
names = st.sampled_from(sorted({*_optional, *(field for one in EVERYTHING.values() for field in one)}))

_times = [
    *("2022-01-17T09:30:00", "2022-01-17T09:30:00+07:00", "2022-01-17T09:30:00.123456789Z", "2022-01-17"),
    *("2022-01-17T09:30:00+15:59", "2022-01-17T09:30:00+16:00", "2022-01-17T09:30:00-23:59", "2022-13-45"),
    *("1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2022-01-17 09:30", "now", ""),
]
_numbers = [
    *(0, -0.0, 1e-30, -1e-30, 1e15, 1e308, 5e-324, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**25, 10**400, 30.0),
    *(Decimal("1e200000"), Decimal("1e-200000"), Decimal("1e-16384"), Decimal("9e131071"), Decimal("0e400")),
    *(Decimal("0." + "1" * 20_000), Decimal("7" * 140_000), Decimal("0.79996"), 1_642_376_400_000),
]
_texts = [
    *(
        "é",
        "日本",
        "🚀",
        "a\tb",
        "a\nb",
        "\\",
        "\\N",
        '"',
        "'",
        "x.jsonl",
        "day-2020-01-01",
        "..",
        "/",
        "%s",
        " ",
    ),
    *("\x01", "\x7f", "\u2028", "\ufffe", "a\x00b", "\ud800", "NaN", "null", "x" * 64, "x" * 65, "x" * 128),
    *(
        "x" * 512,
        "x" * 3000,
        "ord-1",
        "8C6D6A4E-6D1E-4A54-9C9D-3F6C1E0F7A11",
        "{8c6d6a4e}",
        "long",
        "sl",
        "match",
    ),
]
_shapes: list[Any] = [
    None,
    True,
    [],
    {},
    {"": 1},
    {"primary": {"side": "short"}},
    {"primary": None},
    LAYERS,
    {"x" * 3000: True},
    {"a": {"match": "match", "weight": 1e-30}},
    {"a": {"match": "maybe"}},
    {"\ud800": True},
    {"é": {"match": True, "weight": Decimal("1e200000")}},
    [[1, 2], [3, 4]],
    {"feed": {"status": "OK", "lastUpdateAt": "0001-01-01T00:00:00Z"}},
    {"é": {"status": "OK"}},
]
odd_values = st.one_of(
    st.sampled_from(_times),
    st.sampled_from(_numbers),
    st.sampled_from(_texts),
    st.sampled_from(_shapes),
    st.text(max_size=8),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.datetimes(timezones=st.timezones() | st.none()),
)
own_names = st.text(min_size=1, max_size=6).filter(lambda name: name not in ("signal_id", "id"))


@st.composite
def nearly_valid(draw: st.DrawFn, odd: st.SearchStrategy[Any] = odd_values) -> tuple[str, dict[str, Any]]:
    """A name and fields; what makes it itself (`signal_id`, `id`) is new each time, unless that is what is odd."""
    name = draw(st.sampled_from(sorted(EVERYTHING)))
    fields = dict(EVERYTHING[name])
    fields.update(draw(st.dictionaries(names | own_names, odd, max_size=2)))
    if draw(st.integers(0, 9)) == 0:
        fields.pop(draw(st.sampled_from(sorted(fields))))
    if name in SAMPLES:
        fields["signal_id"] = str(uuid.UUID(int=draw(st.integers(0, 2**128 - 1)), version=4))
    return name, fields
