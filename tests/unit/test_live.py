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
from deploy.live.engine import _from
from deploy.live.happenings import Call, Minute, minutes_of, since
from deploy.live.place import Place, keep, read
from deploy.live.processes import ROOT, WANTED, commands_of
from deploy.live.relived import hurried, renamed, shift_of

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


def test_orders_and_states_go_with_every_signal(minutes: list[Minute]) -> None:
    made = Counter(call.method if call.kind is None else call.kind for call in calls(minutes))
    assert made["candle"] == len(minutes) == 3 * 1440
    assert made["published"] > 20
    assert made["state"] == made["published"] + made["triggered"] + made["invalidated"] + made["closed"]
    assert made["trade"] == made["closed"] > 5
    for one in ("order", "risk", "health", "scoring", "tpsl"):
        assert made[one] > 20, one


def test_a_trade_earns_what_its_signal_says(minutes: list[Minute]) -> None:
    closed = [call.fields["rr_realized"] for call in calls(minutes) if call.method == "closed"]
    earned = [call.fields["realizedPnl"] for call in calls(minutes) if call.method == "trade"]
    assert earned == [pytest.approx(100 * r, abs=0.01) for r in closed]


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
            assert (first == again) is (call.method in ("trade", "snapshot"))


def test_waits_are_as_long_as_they_are_on_a_faster_clock() -> None:
    fields = {"time_to_trigger_ms": 600_000, "expiry_minutes": 45, "rr": 1.8}
    assert hurried(fields, 600) == {"time_to_trigger_ms": 1000, "expiry_minutes": 1, "rr": 1.8}
    assert hurried(fields, 1) == fields


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
    assert {"worker", "archiver", "web", "reports"} <= set(commands) <= set(WANTED)
    assert commands["worker"][1:] == ["-m", "worker"]
    assert list(commands_of("web: python -m web --port 1\n\nother: x\n")) == ["web"]
