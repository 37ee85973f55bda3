"""Records become minutes: each once, whatever their order, and what they say adds up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.entry import Entry
from guard.folding import MinuteKey, Stands, fold, minute_of
from guard.incoming import Measured, once, read
from guard.model.counting import counted
from guard.model.slots import Minute, Slot
from signaltape.measuring.histogram import Histogram
from tests.support.guarding import SLOW, rules_of
from tests.support.samples import new_id

AT = datetime(2026, 11, 29, 3, 0, 10, tzinfo=UTC)
BURNING = rules_of(
    SLOW
    + """
[rule.budget]
kind = "burn"
category = "health"
of = "http"
figure = "latency_ms"
by = "engine"
objective = 99
bad = "5xx"
windows = [[14.4, "1h", "5m"]]
what = "Burns"
costs = "Much."
do = "Look."
runbook = "errors-and-latency"
"""
)


def entry(place: int = 0, at: datetime = AT, event: str = "measurement", **changes: object) -> Entry:
    fields = {
        "id": new_id(),
        "timestamp": at,
        "kind": "http",
        "name": "GET /a",
        "figure": "latency_ms",
        "unit": "ms",
        "since": at - timedelta(seconds=10),
        "count": 2,
        "sum": 300,
        "min": 100,
        "max": 200,
        "last": 200,
        "engine": "ib-1",
        **changes,
    }
    data = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
    milliseconds = int(AT.timestamp() * 1000)
    return Entry("t:{0}", f"{milliseconds}-{place}", [b"event", event.encode(), b"data", data])


def slot(number: int, values: list[float], *, bad: int = 0) -> Measured:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    at = AT + timedelta(seconds=number)
    counts = histogram.buckets()
    made = Slot(
        at=at,
        kind="http",
        figure="latency_ms",
        name="GET /a",
        engine="ib-1",
        n=len(values),
        sum=sum(values),
        worst=max(values),
        last=values[-1],
        last_at=at,
        n2xx=len(values) - bad,
        n5xx=bad,
        bucket=tuple(counts),
        bucket_n=tuple(counts.values()),
    )
    return Measured(str(uuid.UUID(int=number + 1)), made, at)


def test_a_measurement_is_read_with_its_engine_statuses_and_histogram() -> None:
    histogram = Histogram()
    histogram.add(100)
    histogram.add(200)
    (one,) = read([entry(histogram=histogram.to_text(), statuses={"2xx": 1, "5xx": 1}, examples=["r-1"])])
    assert (one.slot.at, one.slot.n, one.slot.engine) == (AT, 2, "ib-1")
    assert (one.slot.n2xx, one.slot.n5xx, one.slot.requests, one.slot.examples) == (1, 1, 2, ("r-1",))
    assert dict(zip(one.slot.bucket, one.slot.bucket_n, strict=True)) == histogram.buckets()


@pytest.mark.parametrize(
    "other",
    [
        entry(event="order_log"),
        entry(kind=None),
        entry(count=0),
        Entry("t:{0}", "1-0", None),
        Entry("t:{0}", "1-0", [b"event", b"measurement"]),
        Entry("t:{0}", "1-0", [b"event", b"measurement", b"data", b"no JSON"]),
    ],
)
def test_what_is_no_measurement_is_nothing(other: Entry) -> None:
    assert read([other]) == []


@pytest.mark.parametrize(("minutes", "is_far"), [(-60, False), (5, False), (6, True)])
def test_what_is_more_than_five_minutes_ahead_of_its_entry_is_far_ahead(minutes: int, is_far: bool) -> None:
    (one,) = read([entry(at=AT + timedelta(minutes=minutes))])
    assert (one.arrived, one.is_far_ahead) == (AT, is_far)


def test_a_histogram_that_cannot_be_read_leaves_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = read([entry(histogram="1:zzzz")])
    assert (one.slot.n, tuple(one.slot.bucket)) == (2, ())


def test_of_an_id_the_first_one_counts() -> None:
    first, second = slot(0, [1.0]), slot(1, [2.0])
    assert once([first, second, first]) == [first, second]


def test_what_counted_before_is_left_out() -> None:
    first, second = slot(0, [1.0]), slot(1, [2.0])
    which = minute_of(first.slot)
    stands = {which: Stands(as_row([first]), frozenset({uuid.UUID(first.id)}))}
    folded = fold([first, second], stands, ())
    assert folded.new == [second]
    (row,) = folded.minutes
    assert (row["n"], row["sum"], row["ids"]) == (2, 3.0, [second.id])


def as_row(some: list[Measured]) -> Minute:
    (row,) = fold(some, {}, ()).minutes
    del row["ids"]
    return msgspec.convert(row, Minute)


@given(st.lists(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=5), min_size=1, max_size=12), st.data())
def test_however_records_are_cut_into_transactions_the_rows_are_the_same(
    values: list[list[float]], data: st.DataObject
) -> None:
    records = [slot(number, some) for number, some in enumerate(values)]
    whole = {
        minute_of(one.slot): as_row([r for r in records if minute_of(r.slot) == minute_of(one.slot)])
        for one in records
    }
    cut = data.draw(st.integers(0, len(records)))
    stands: dict[MinuteKey, Stands] = {}
    for part in (records[:cut], records[: cut + 1], records[cut:]):
        for new in fold(part, stands, ()).minutes:
            ids = frozenset(uuid.UUID(one) for one in new.pop("ids"))
            minute = msgspec.convert(new, Minute)
            which = MinuteKey(minute.at, minute.key)
            before = stands[which].ids if which in stands else frozenset()
            stands[which] = Stands(minute, before | ids)
    assert {which: one.minute.n for which, one in stands.items()} == {
        which: row.n for which, row in whole.items()
    }
    for which, row in whole.items():
        assert stands[which].minute.sum == pytest.approx(row.sum)
        assert (stands[which].minute.bucket, stands[which].minute.bucket_n) == (row.bucket, row.bucket_n)


def test_good_and_bad_are_counted_by_minute_and_by_the_day_in_wib() -> None:
    evening = timedelta(hours=13, minutes=59, seconds=45)  # 16:59:55 UTC is 23:59:55 WIB
    late = slot(int(evening.total_seconds()), [1.0] * 10, bad=3)
    next_day = slot(int(evening.total_seconds()) + 10, [1.0] * 4, bad=1)
    folded = fold([late, next_day], {}, counted(BURNING))
    assert [(row["good"], row["bad"], row["engine"]) for row in folded.burns] == [
        (7, 3, "ib-1"),
        (3, 1, "ib-1"),
    ]
    assert [(f"{row['day']}", row["good"], row["bad"]) for row in folded.days] == [
        ("2026-11-29", 7, 3),
        ("2026-11-30", 3, 1),
    ]
