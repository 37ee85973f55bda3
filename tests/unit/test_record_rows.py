"""Records as COPY data, and the days whose partitions they need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from consumer.accepted import AcceptedRecord
from consumer.decoding.columns import Records
from signaltape.clock import WIB
from sink.write.record_rows import make_record_block
from tests.support.kept import uuid7

NOON = datetime(2022, 1, 17, 5, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 2),
    max_value=datetime(2199, 12, 30),
    timezones=st.sampled_from([UTC, WIB, *(timezone(timedelta(minutes=m)) for m in (-720, 330, 345))]),
)


def record(ts: datetime, record_id: str = "01900000-0000-4000-8000-000000000000") -> AcceptedRecord:
    return AcceptedRecord(
        "market_trade", record_id, "SOL\tX", "MARKET_TRADE", ts, b'{"a": "\\t"}', "s:{0}", "1-0"
    )


def as_records(rows: list[AcceptedRecord]) -> Records:
    records = Records()
    for row in rows:
        records.append(row)
    return records


@given(st.lists(MOMENTS, max_size=20), st.lists(st.uuids(version=4), max_size=5), st.randoms())
def test_the_days_are_those_of_wib_in_which_the_ids_were_made(
    moments: list[datetime], others: list[UUID], random: Random
) -> None:
    """Only ids of UUIDv7 say so; the time of a record is nothing to it."""
    ids = [*map(uuid7, moments), *map(str, others)]
    random.shuffle(ids)
    found = make_record_block(as_records([record(NOON, one) for one in ids])).days
    days = {date(1970, 1, 1) + timedelta(days=day) for day in found}
    assert days == {moment.astimezone(WIB).date() for moment in moments}


def test_an_id_of_a_time_beyond_all_times_has_no_day() -> None:
    far = "ffffffff-ffff-7fff-bfff-ffffffffffff"
    assert make_record_block(as_records([record(NOON, far)])).days == set()


def test_a_line_escapes_what_copy_would_read_as_its_own() -> None:
    data = make_record_block(as_records([record(datetime(2022, 1, 17, 5, 0, 0, 1000, tzinfo=UTC))])).data
    assert data == (
        b"01900000-0000-4000-8000-000000000000\t"
        b'market_trade\tmarket\tSOL\\tX\tMARKET_TRADE\t{"a": "\\\\t"}\t2022-01-17T05:00:00.001000Z\ts:{0}\t1-0\n'
    )
