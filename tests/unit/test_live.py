"""The engine of `make live`: what it records, as if January were now."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from deploy.demo.candles import BTC_JANUARY, read_minutes
from deploy.demo.engine import run
from deploy.live.engine import _from, pace_of
from deploy.live.happenings import Call, Minute, merged, minutes_of, since
from deploy.live.place import Place, keep, read
from deploy.live.processes import ROOT, WANTED, commands_of
from deploy.live.relived import hurried, renamed, shift_of
from ghost.intervals import length_us

DAY = timedelta(days=1)
END = datetime(2022, 2, 1, 5, 31, tzinfo=UTC)
BEGAN = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def minutes() -> list[Minute]:
    """Three days of the real January."""
    candles = read_minutes(BTC_JANUARY)[: 3 * 1440]
    return minutes_of(candles, run(candles))


def calls(minutes: list[Minute]) -> list[Call]:
    return [call for minute in minutes for call in minute.calls]


def test_the_engine_only_publishes_and_every_plan_is_tracked(minutes: list[Minute]) -> None:
    made = Counter(call.method if call.kind is None else call.kind for call in calls(minutes))
    assert made["candle"] == len(minutes) == 3 * 1440
    assert made["published"] == made["state"] > 20
    assert set(made) == {"candle", "published", "state", "scoring", "health"}
    assert all(call.fields["track"] is True for call in calls(minutes) if call.method == "published")


def test_what_is_recorded_of_all_weeks_is_what_ghosts_need(minutes: list[Minute]) -> None:
    kept = {call.method for call in calls(minutes) if call.kept}
    assert kept == {"market", "published"}


def test_what_begins_later_has_no_halves_of_signals(minutes: list[Minute]) -> None:
    rest = calls(since(minutes, minutes[0].end + DAY * 2))
    published = {call.signal for call in rest if call.method == "published"}
    assert published
    assert {call.signal for call in rest} - {None} == published


def test_now_falls_into_the_last_week_of_january_at_the_same_hour_of_the_same_day() -> None:
    for hours in range(0, 24 * 16, 5):
        now = BEGAN + timedelta(hours=hours)
        at = now - shift_of(now, END)
        assert END - timedelta(days=7) < at <= END
        assert (at.weekday(), at.hour, at.minute) == (now.weekday(), now.hour, now.minute)


def test_ids_are_of_this_january_alone_everywhere(minutes: list[Minute]) -> None:
    for call in calls(minutes):
        first, again = renamed(call, "a"), renamed(call, "b")
        if call.signal is None:
            assert first == call.fields
        else:
            assert call.signal not in repr(first)
            assert first != again


def test_a_plan_is_valid_as_long_as_it_is_on_a_faster_clock() -> None:
    fields = {"expiry_minutes": 45, "rr": 1.8}
    assert hurried(fields, 30) == {"expiry_minutes": 2, "rr": 1.8}
    assert hurried(fields, 600) == {"expiry_minutes": 1, "rr": 1.8}
    assert hurried(fields, 1) == fields


@pytest.mark.parametrize(
    ("speed", "minutes_a_bar", "interval"),
    [(1, 1, "1m"), (10, 1, "6s"), (60, 1, "1s"), (600, 10, "1s"), (30_000, 500, "1s"), (0.1, 1, "600s")],
)
def test_a_bar_is_never_shorter_than_a_second(speed: float, minutes_a_bar: int, interval: str) -> None:
    pace = pace_of(speed)
    assert (pace.minutes, pace.interval) == (minutes_a_bar, interval)
    assert pace.speed == pytest.approx(speed)
    assert length_us(pace.interval) == pace.bar_s * 1_000_000, "the ghost knows how long it is"


def test_minutes_that_are_one_bar_keep_their_ends(minutes: list[Minute]) -> None:
    some = [call for minute in minutes[:10] for call in minute.calls if call.kind == "candle"]
    one = merged(some).fields
    assert one["open"] == some[0].fields["open"]
    assert one["close"] == some[-1].fields["close"]
    assert one["high"] == max(call.fields["high"] for call in some)
    assert one["low"] == min(call.fields["low"] for call in some)


def test_january_begins_anew_behind_its_end_and_goes_on_from_any_place(minutes: list[Minute]) -> None:
    last = minutes[-1].end
    place = Place(BEGAN, minutes[0].end - DAY, last - DAY, last - timedelta(minutes=2))
    steps = [one for one, _ in islice(_from(minutes, place), 4)]
    assert [(one.round, one.at) for one in steps] == [
        (0, last - timedelta(minutes=1)),
        (0, last),
        (1, minutes[0].end + DAY + timedelta(minutes=1)),
        (1, minutes[0].end + DAY + timedelta(minutes=2)),
    ]
    assert len({one.label for one in steps}) == 2
    again, _ = next(_from(minutes, steps[2]))
    assert again == steps[3]


def test_the_place_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    path, place = tmp_path / "place.json", Place(BEGAN, END - DAY, END, END)
    assert read(path) is None
    keep(path, place)
    assert read(path) == place
    assert read(path) == msgspec.structs.replace(place, round=0)
    path.write_bytes(b'{"began"')
    assert read(path) is None


def test_the_processes_are_those_of_the_procfile() -> None:
    commands = commands_of((ROOT / "Procfile").read_text())
    assert {"worker", "archiver", "web", "ghost", "reports"} <= set(commands) <= set(WANTED)
    assert commands["worker"][1:] == ["-m", "worker"]
    assert list(commands_of("web: python -m web --port 1\n\nother: x\n")) == ["web"]
