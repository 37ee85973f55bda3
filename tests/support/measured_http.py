"""A tape that measures, and what it says of requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from signaltape import Emitter, Settings
from signaltape.contract.measure_records import Measurement
from signaltape.measuring import recorder_of
from tests.unit.journaling import read_all


@contextmanager
def measuring(home: Path) -> Iterator[Emitter]:
    """A tape that journals under a folder and ships nothing."""
    with Emitter(measuring_settings(home), ship=False) as tape:
        yield tape


def measuring_settings(home: Path) -> Settings:
    """Of such a tape."""
    return Settings(feature_event_logging=True, home=home)


def measurements(tape: Emitter) -> list[Measurement]:
    """All that was measured up to now."""
    recorder_of(tape).flush()
    return measurements_in(tape._settings.home)


def measurements_in(home: Path) -> list[Measurement]:
    """All that stand in the journals of a home."""
    return [msgspec.json.decode(line, type=Measurement) for line in lines_in(home) if b'"figure":' in line]


def lines_in(home: Path) -> list[bytes]:
    """The JSON of all that stands in the journals of a home."""
    journals = home / "journal"
    folders = sorted(one for one in journals.iterdir() if one.is_dir()) if journals.exists() else []
    return [line for folder in folders for line in read_all(folder)]


def statuses(tape: Emitter) -> dict[str, dict[str, int]]:
    """How often each endpoint was answered how."""
    found: dict[str, dict[str, int]] = {}
    for one in measurements(tape):
        if one.kind == "http":
            known = found.setdefault(one.name, {})
            for status, count in (one.statuses or {}).items():
                known[status] = known.get(status, 0) + count
    return found
