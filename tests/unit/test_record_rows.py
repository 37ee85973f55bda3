"""Records as COPY data, and the days that need a partition."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from signaltape.clock import WIB
from sink.columns import Records
from sink.entries import AcceptedRecord
from sink.record_rows import make_record_block

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(2199, 12, 30),
    timezones=st.sampled_from([UTC, WIB, *(timezone(timedelta(minutes=m)) for m in (-720, 330, 345))]),
)


def record(ts: datetime) -> AcceptedRecord:
    return AcceptedRecord(
        "market_trade", "an-id", "SOL\tX", "MARKET_TRADE", ts, b'{"a": "\\t"}', "s:{0}", "1-0"
    )


def as_records(rows: list[AcceptedRecord]) -> Records:
    records = Records()
    for row in rows:
        records.append(row)
    return records


@given(st.lists(MOMENTS, max_size=20))
def test_the_days_are_those_of_wib(moments: list[datetime]) -> None:
    days = make_record_block(as_records([record(ts) for ts in moments])).days
    assert {date(1970, 1, 1) + timedelta(days=day) for day in days} == {
        ts.astimezone(WIB).date() for ts in moments
    }


def test_a_line_escapes_what_copy_would_read_as_its_own() -> None:
    data = make_record_block(as_records([record(datetime(2022, 1, 17, 5, 0, 0, 1000, tzinfo=UTC))])).data
    assert data == (
        b'an-id\tmarket_trade\tmarket\tSOL\\tX\tMARKET_TRADE\t{"a": "\\\\t"}\t2022-01-17T05:00:00.001000Z\ts:{0}\t1-0\n'
    )
