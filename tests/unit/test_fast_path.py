"""An ordinary event takes the fast path into the journal; it comes out as if it had taken the thorough one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape import Emitter, Settings
from signaltape.contract.events import EVENTS
from signaltape.journal.frame import Frame
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.shipping.encoding import EntryEncoder
from signaltape.stream import route, stream_key
from tests.support.samples import LAYERS, SAMPLES, new_id
from tests.unit.test_fast_decoding import fields, odd

address = EntryEncoder("tape", 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tape:
    """An emitter with its journal's reader, kept over many examples."""

    def __init__(self, home: Path, engine: str | None = None) -> None:
        self.emitter = Emitter(Settings(feature_event_logging=True, home=home, engine=engine), ship=False)
        self.emitter.closed(SAMPLES["signal_closed"]())
        folder = self.emitter.journal_folder
        assert folder is not None
        self._reader = JournalReader(folder, JournalPosition(0, 0, 0))
        self.new()

    def new(self) -> list[Frame]:
        return [item.frame for item in self._reader.read(1000, 1 << 30)]

    def close(self) -> None:
        self._reader.close()
        self.emitter.close()


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tape]:
    tape = Tape(tmp_path_factory.mktemp("quick"))
    yield tape
    tape.close()


def method(name: str) -> Any:
    return getattr(Emitter, name.removeprefix("signal_"))


@pytest.mark.parametrize("name", SAMPLES)
def test_ordinary_events_take_it_and_are_stamped_with_the_moment_of_emit(tape: Tape, name: str) -> None:
    event = SAMPLES[name]()
    before = time.time_ns()
    assert method(name)(tape.emitter, event)
    assert method(name)(tape.emitter, **event)
    after = time.time_ns()
    for frame in tape.new():
        assert before <= frame.emitted_ns <= after
        shipped = json.loads(address(frame).data)
        moment = datetime.fromisoformat(shipped.pop(EVENTS[name].TIME_FIELD))
        assert (moment - _EPOCH) // timedelta(microseconds=1) == frame.emitted_ns // 1000
        assert shipped == event


@pytest.fixture
def thorough(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the events that took the thorough way, as they come."""
    taken: list[str] = []
    own_way = tape.emitter._emit

    def noted(kind: Any, *given: Any) -> bool:
        taken.append(kind.name)
        return own_way(kind, *given)

    monkeypatch.setattr(tape.emitter, "_emit", noted)
    return taken


@pytest.mark.parametrize(
    "more",
    [
        {"ts": "2022-01-17T09:30:00Z"},
        {"ts_published": datetime(2022, 1, 17, tzinfo=UTC)},
        {"layers": LAYERS},
        {"tp": None},
        {"note": 'a "word"', "rsi": 55.2},
        {"scenarios": {"primary": {"side": "long", "entry": 221.5}, "alternative": {"side": "short"}}},
    ],
)
def test_events_with_more_than_the_least_take_it_too(
    tape: Tape, thorough: list[str], more: dict[str, Any]
) -> None:
    event = SAMPLES["signal_published"](**more)
    assert tape.emitter.published(event)
    (frame,) = tape.new()
    assert thorough == []
    shipped = json.loads(address(frame).data)
    if "ts" not in event:
        assert shipped.pop("ts_published")
        event.pop("ts_published", None)
    assert shipped == event


@pytest.mark.parametrize(
    ("more", "accepted"),
    [
        ({"ts_published": None}, True),
        ({"note": "x" * 600_000}, True),
        ({"confluence_score": 1}, True),  # at a bound, the exact check decides
        ({"ts": "1960-01-01T00:00:00Z"}, False),
        ({"note": "a\0b"}, False),
        ({"rsi": float("nan")}, False),
        ({"scenarios": {"primary": {"side": "long", "entry": float("nan")}}}, False),
    ],
)
def test_others_take_the_thorough_way(
    tape: Tape, thorough: list[str], more: dict[str, Any], accepted: bool
) -> None:
    assert tape.emitter.published(SAMPLES["signal_published"](**more)) is accepted
    assert tape.emitter.published(SAMPLES["signal_published"](), **more) is accepted
    assert thorough == ["signal_published"] * 2
    assert [frame.emitted_ns for frame in tape.new()] == [0, 0] * accepted


@given(name=st.sampled_from(list(SAMPLES)), changes=st.dictionaries(fields, odd, max_size=3), drop=fields)
def test_both_ways_come_to_the_same(tape: Tape, name: str, changes: dict[str, Any], drop: str) -> None:
    event = {**SAMPLES[name](), **changes}
    if len(changes) == 2:
        event.pop(drop, None)
    as_given = repr(event)
    quick = method(name)(tape.emitter, event)
    thorough = method(name).__wrapped__(tape.emitter, event)
    assert repr(event) == as_given, "the caller's dict stays as it was"
    assert quick == thorough
    shipped = [json.loads(address(frame).data) for frame in tape.new()]
    assert len(shipped) == (2 if quick else 0)
    for one in shipped:
        if event.get("ts") is None and event.get(EVENTS[name].TIME_FIELD) is None:
            assert one.pop(EVENTS[name].TIME_FIELD)
    assert shipped[:1] == shipped[1:]


@pytest.mark.parametrize(
    ("emitted_ns", "text"),
    [
        (1_642_376_400_123_456_999, "2022-01-16T23:40:00.123456Z"),
        (1_642_376_400_000_000_000, "2022-01-16T23:40:00.000000Z"),
        (1_642_376_400_999_999_999, "2022-01-16T23:40:00.999999Z"),
        (1_642_376_401_000_001_000, "2022-01-16T23:40:01.000001Z"),
    ],
)
def test_a_time_is_written_to_the_microsecond(emitted_ns: int, text: str) -> None:
    for name, key in ((b"signal_triggered", "ts_triggered"), (b"signal_of_tomorrow", "ts")):
        data = address(Frame(name, b'{"a":1}', 0, emitted_ns)).data
        assert data == b'{"a":1,"%b":"%b"}' % (key.encode(), text.encode())


@pytest.mark.parametrize(
    ("name", "data", "routed_by"),
    [
        (b"signal_closed", {"signal_id": "8C6D6a4e", "symbol": "SOL"}, "8C6D6a4e"),
        (b"market_trade", {"symbol": "SOL", "signal_id": new_id()}, "SOL"),
        (b"state_event", {"state": "up"}, "state_event"),
        (b"state_event", {"symbol": None}, "state_event"),
        (b"state_event", {"symbol": 7}, "state_event"),
    ],
)
def test_the_partition_follows_the_signal_or_the_symbol(
    name: bytes, data: dict[str, Any], routed_by: str
) -> None:
    found = EntryEncoder("tape", 16)(Frame(name, json.dumps(data).encode(), 0))
    assert found.key == stream_key("tape", route(routed_by) % 16)
