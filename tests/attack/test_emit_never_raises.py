"""Whatever an engine hands to emit: it comes back with True or False, and nothing is raised into the engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signaltape import Emitter, Settings, SignaltapeError
from signaltape.contract.records import RECORDS
from signaltape.measuring import recorder_of
from signaltape.measuring.names import MOST_NAMES, MOST_OTHERS
from tests.attack.effort import tried
from tests.attack.hostile import made, recipes
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.deep

#: Methods that take an event, by what they are called with in front of it.
METHODS = {
    **{name.removeprefix("signal_"): SAMPLES[name]() for name in SAMPLES},
    "state": RECORD_SAMPLES["state_event"],
    "trade": RECORD_SAMPLES["trade_log"],
    "order": RECORD_SAMPLES["order_log"],
}
#: Methods that take a kind first, each with one that exists.
KINDS = {"snapshot": "risk", "market": "candle", "record": "state_event"}
#: Names of fields, known ones above all.
field_names = st.sampled_from(
    sorted({*(field for sample in METHODS.values() for field in sample), "ts", "id", "timestamp", "layers"})
) | st.text(max_size=4)
changes = st.dictionaries(field_names, recipes, max_size=2)


@pytest.fixture(scope="module", params=["on", "off"])
def tape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emitter]:
    settings = Settings(feature_event_logging=request.param == "on", home=tmp_path_factory.mktemp("home"))
    with Emitter(settings, ship=False) as tape:
        yield tape


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emitter]:
    settings = Settings(feature_event_logging=True, home=tmp_path_factory.mktemp("strict"))
    with Emitter(settings, ship=False, strict=True) as tape:
        yield tape


def _call(tape: Emitter, method: str, change: dict[str, Any], *, as_dict: bool) -> Any:
    fields = {**METHODS[method], **{name: made(recipe) for name, recipe in change.items()}}
    call = getattr(tape, method)
    return call(fields) if as_dict else call(**fields)


@tried(200)
@given(method=st.sampled_from(sorted(METHODS)), change=changes, as_dict=st.booleans())
@example(method="closed", change={"note": "detached object"}, as_dict=True)
@example(method="closed", change={"symbol": "huge whole"}, as_dict=False)
@example(method="published", change={"layers": "deep dict"}, as_dict=True)
@example(method="published", change={"symbol": "detached text"}, as_dict=True)
@example(method="state", change={"extra": "circle"}, as_dict=False)
def test_a_field_may_hold_anything(tape: Emitter, method: str, change: dict[str, Any], as_dict: bool) -> None:
    assert isinstance(_call(tape, method, change, as_dict=as_dict), bool)


@tried(100)
@given(method=st.sampled_from(sorted(METHODS)), event=recipes, more=changes)
def test_an_event_may_be_anything(tape: Emitter, method: str, event: Any, more: dict[str, Any]) -> None:
    fields = {name: made(recipe) for name, recipe in more.items()}
    assert isinstance(getattr(tape, method)(made(event), **fields), bool)


@tried(100)
@given(method=st.sampled_from(sorted(KINDS)), kind=recipes, event=recipes)
@example(method="snapshot", kind="none", event="none")
@example(method="snapshot", kind="enum", event="none")
@example(method="market", kind="true", event="none")
def test_a_kind_may_be_anything(tape: Emitter, method: str, kind: Any, event: Any) -> None:
    assert isinstance(getattr(tape, method)(made(kind), made(event)), bool)


@tried(100)
@given(method=st.sampled_from(sorted(KINDS)), change=changes)
def test_a_field_of_a_record_of_a_kind_may_hold_anything(
    tape: Emitter, method: str, change: dict[str, Any]
) -> None:
    fields = {name: made(recipe) for name, recipe in change.items() if name.isidentifier()}
    event = {**RECORD_SAMPLES.get(f"market_{KINDS[method]}", {}), **fields}
    assert isinstance(getattr(tape, method)(KINDS[method], event), bool)


@tried(100)
@given(kind=recipes, name=recipes, value=recipes, request_id=recipes)
@example(kind="true", name="detached text", value="huge whole", request_id="none")
def test_anything_may_be_measured(tape: Emitter, kind: Any, name: Any, value: Any, request_id: Any) -> None:
    assert isinstance(tape.measure(made(kind), made(name), rtt_ms=made(value)), bool)
    recorder = recorder_of(tape)
    assert isinstance(recorder.request(made(name), made(kind), made(value), made(request_id)), bool)
    assert isinstance(recorder.request("GET /", 500, 1.0, made(request_id)), bool)
    assert recorder.flush() <= tape.enabled * (MOST_NAMES + MOST_OTHERS)


@tried(200)
@given(method=st.sampled_from(sorted(METHODS)), change=changes, as_dict=st.booleans())
def test_a_strict_emitter_raises_only_errors_of_its_own(
    strict: Emitter, method: str, change: dict[str, Any], as_dict: bool
) -> None:
    try:
        assert _call(strict, method, change, as_dict=as_dict) is True
    except SignaltapeError as error:
        assert len(str(error)) < 10_000


@tried(50)
@given(name=st.sampled_from(sorted(RECORDS)), kind=recipes, event=recipes)
def test_a_strict_emitter_raises_only_errors_of_its_own_for_records(
    strict: Emitter, name: str, kind: Any, event: Any
) -> None:
    for first in (name, made(kind)):
        try:
            assert strict.record(first, made(event)) is True
        except SignaltapeError as error:
            assert len(str(error)) < 10_000


def test_the_journal_is_still_written_to_after_all_that(tape: Emitter, tmp_path: Path) -> None:
    before = tape.stats()["accepted"]
    assert tape.closed(SAMPLES["signal_closed"]()) is tape.enabled
    assert tape.stats()["accepted"] == before + tape.enabled


#: In a process of its own, with an end to the memory that it may take.
_MOCK = """
import resource, sys
from pathlib import Path
from unittest.mock import MagicMock
from signaltape import Emitter, Settings
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
with Emitter(Settings(feature_event_logging=True, home=Path(sys.argv[1])), ship=False) as tape:
    assert tape.state(symbol="X", event_type="Y", extra=MagicMock()) is False
    assert tape.closed(MagicMock()) is False
"""


def test_a_mock_is_refused_without_taking_the_memory_of_the_machine(tmp_path: Path) -> None:
    """As a list it is another mock, and that another: 20 GB until the recursion ends."""
    done = subprocess.run(
        [sys.executable, "-c", _MOCK, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert "MemoryError" not in done.stderr
