"""Weeks, schedule, pace and texts: the pure parts of the reporter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbox.rate_limiter import LIMITS, Limits, is_group, next_turn
from outbox.text import Entity, Text, TextBuilder, split, units
from reports.schedule import trigger
from reports.weeks import Week, newest_due, parse_week, week_of, whole_weeks
from signaltape.clock import WIB


def test_iso_weeks_by_name() -> None:
    assert parse_week("2022-W03").monday == date(2022, 1, 17)
    assert parse_week("2020-W53").name == "2020-W53"
    assert parse_week("2022-W03").dates == "2022-01-17 – 2022-01-23"


@pytest.mark.parametrize("text", ["2022-W54", "2021-W53", "2022-W00", "2022W03", "last", ""])
def test_a_week_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a week looks like|there is no week"):
        parse_week(text)


def test_the_week_turns_at_midnight_in_jakarta() -> None:
    assert week_of(datetime(2022, 1, 23, 16, 59, 59, tzinfo=UTC)).monday == date(2022, 1, 17)
    assert week_of(datetime(2022, 1, 23, 17, 0, 0, tzinfo=UTC)).monday == date(2022, 1, 24)


def test_the_newest_report_that_is_due() -> None:
    sunday = datetime(2022, 1, 23, 23, 58, 59, tzinfo=WIB)
    assert newest_due(sunday).name == "2022-W02"
    assert newest_due(sunday + timedelta(seconds=1)).name == "2022-W03"
    assert newest_due(sunday + timedelta(days=3)).name == "2022-W03"


def test_the_whole_weeks_of_the_demos_january() -> None:
    first = datetime(2021, 12, 31, 23, 1, tzinfo=UTC)
    last = datetime(2022, 2, 1, 5, 32, tzinfo=UTC)
    assert [week.name for week in whole_weeks(first, last)] == [
        "2022-W01",
        "2022-W02",
        "2022-W03",
        "2022-W04",
    ]


def test_the_schedule_is_sunday_2359_in_jakarta() -> None:
    after = datetime(2022, 1, 19, 3, 0, tzinfo=UTC)
    first = trigger().get_next_fire_time(None, after)
    assert first == Week(date(2022, 1, 17)).report_due
    second = trigger().get_next_fire_time(first, first + timedelta(seconds=1))
    assert second - first == timedelta(days=7)


def test_pace_one_a_second_per_chat_twenty_a_minute_per_group_thirty_in_all() -> None:
    start = datetime(2022, 1, 23, tzinfo=UTC)

    def at(*seconds: float) -> list[datetime]:
        return [start + timedelta(seconds=one) for one in seconds]

    def wait_s(group: bool, everywhere: list[datetime], here: list[datetime], now: datetime) -> float:
        return (next_turn(LIMITS, group, everywhere, here, now) - now).total_seconds()

    (now,) = at(100.25)
    assert wait_s(False, at(100), at(100), now) == pytest.approx(0.75)
    assert wait_s(False, at(100), [], now) == 0
    minute = at(*range(81, 101))
    assert wait_s(True, minute, minute, now) == pytest.approx(81 + 60 - 100.25)
    assert wait_s(False, minute, minute, now) == pytest.approx(0.75), "a person is no group"
    assert wait_s(False, at(*[100] * 30), [], now) == pytest.approx(0.75)
    assert [is_group(chat) for chat in ("-100", "@signals", "7")] == [True, True, False]


def test_edits_leave_a_groups_last_turns_of_a_minute_to_what_is_new() -> None:
    now = datetime(2022, 1, 23, tzinfo=UTC)
    calls = [now - timedelta(seconds=30 - one) for one in range(15)]
    for_new, for_edits = (
        [next_turn(limits, group, calls, calls, now) - now for group in (True, False)]
        for limits in (LIMITS, LIMITS.for_edits())
    )
    assert for_new == [timedelta(0), timedelta(0)]
    assert for_edits == [timedelta(seconds=30), timedelta(0)], "a person is no group"
    assert Limits(group_per_minute=3).for_edits().group_per_minute == 1, "not even there they wait for ever"


def test_entities_count_in_utf_16() -> None:
    built = TextBuilder().add("📊 ").line("Bold", "bold").add("x").build()
    assert built == Text("📊 Bold\nx", [Entity("bold", 3, 4)])


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40))
def test_splitting_keeps_every_sign_and_no_part_is_too_long(text: str, limit: int) -> None:
    whole = Text(text, [Entity("bold", 0, units(text))] if text else [])
    parts = split(whole, limit)
    assert "".join(part.text for part in parts) == text
    assert all(0 < units(part.text) <= limit for part in parts)
    assert sum(entity.length for part in parts for entity in part.entities) == units(text)
