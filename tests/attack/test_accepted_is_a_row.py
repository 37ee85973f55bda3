"""What emit says True to is a row in Postgres and a line in the archive, whatever it holds."""

from __future__ import annotations

import logging
import re
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaltape.contract.codec import event_id
from tests.attack.effort import tried
from tests.attack.fields import nearly_valid
from tests.attack.way import Way
from tests.support.samples import SAMPLES

pytestmark = pytest.mark.deep

_EVENTS_AT_ONCE = 40
_FRONT = re.compile(rb'\{"_event":"([a-z_]+)","_id":"([^"]*)","_ts":"[0-9T:.-]+Z"[,}]')


def _emit(way: Way, events: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Those of the events that emit accepted."""
    with way.emitter() as tape:
        methods = {name: getattr(tape, name.removeprefix("signal_")) for name in SAMPLES}
        return [
            (name, fields)
            for name, fields in events
            if (methods[name](fields) if name in methods else tape.record(name, fields))
        ]


@tried(25, shrink=False)
@given(st.lists(nearly_valid(), min_size=_EVENTS_AT_ONCE, max_size=_EVENTS_AT_ONCE))
def test_what_emit_accepts_ends_as_a_row(
    way: Way, caplog: pytest.LogCaptureFixture, events: list[tuple[str, dict[str, Any]]]
) -> None:
    caplog.set_level(logging.CRITICAL)
    accepted = _emit(way, events)
    assert way.ship() == len(accepted)
    outcome = way.store()
    dead = way.reasons()
    assert not dead, f"emit accepted it, and the worker says: {dead[0][0]} - {dead[0][1][:300]!r}"
    own = [event_id(fields["signal_id"], name) for name, fields in accepted if name in SAMPLES]
    assert not way.missing(own, [])
    counts = Counter(stored=outcome.stored, duplicates=outcome.duplicates, conflicts=outcome.conflicts)
    assert counts.total() == len(accepted), counts


@tried(8, shrink=False)
@given(st.lists(nearly_valid(), min_size=_EVENTS_AT_ONCE, max_size=_EVENTS_AT_ONCE))
def test_what_emit_accepts_ends_in_the_archive(
    way: Way, caplog: pytest.LogCaptureFixture, events: list[tuple[str, dict[str, Any]]]
) -> None:
    caplog.set_level(logging.CRITICAL)
    way.ship()
    before = way.archive()  # what other examples have left in the stream, where there was no archiver
    accepted = _emit(way, events)
    assert way.ship() == len(accepted)
    done = way.archive()
    assert before.invalid == done.invalid == 0
    assert done.lines + done.duplicates + done.conflicts == len(accepted)
    fronts = dict(_front(line) for line in way.archived())
    own = {event_id(fields["signal_id"], name): name for name, fields in accepted if name in SAMPLES}
    assert own.items() <= fronts.items()


def _front(line: bytes) -> tuple[str, str]:
    """Id and event of a line; fails if it is no line of the archive."""
    msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    head = _FRONT.match(line)
    assert head is not None, line[:200]
    return head[2].decode(), head[1].decode()
