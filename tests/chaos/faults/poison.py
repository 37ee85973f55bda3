"""Poison in the stream: each entry must end in the dead letters and hold nothing else back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import Any

from tests.chaos.crashing_worker import MARK
from tests.chaos.registry import fault
from tests.chaos.rig import Rig
from tests.support.samples import SAMPLES, as_json, closed, published


def _add(rig: Rig, entries: Sequence[dict[str, Any]]) -> int:
    with rig.redis() as client:
        for key, fields in zip(cycle(rig.keys), entries, strict=False):
            client.xadd(key, fields)
    rig.poison += len(entries)
    return len(entries)


def _closed(raw: bytes) -> dict[str, Any]:
    return {"event": "signal_closed", "data": raw}


@fault()
def poison_that_is_not_utf_8(rig: Rig) -> int:
    bad = as_json(closed(symbol="X")).replace(b'"X"', b'"\xff\xfe"')
    return _add(rig, [_closed(b"\xff\xfe\x00"), _closed(bad), {"event": b"\xc3\x28", "data": b"{}"}] * 50)


@fault()
def poison_of_10_megabytes(rig: Rig) -> int:
    return _add(rig, [_closed(as_json(closed(note="x" * 10_000_000)))] * 5)


@fault()
def poison_of_deep_json(rig: Rig) -> int:
    return _add(rig, [_closed(b'{"a":' * 100_000), _closed(b"[" * 100_000 + b"]" * 100_000)] * 20)


@fault()
def poison_of_nan_and_infinity(rig: Rig) -> int:
    texts = (b"NaN", b"Infinity", b"-Infinity", b"1e999999999999", b'"NaN"', b'"-Infinity"')
    raw = as_json(closed())
    return _add(rig, [_closed(raw.replace(b"1.65", text)) for text in texts] * 20)


@fault()
def poison_of_unknown_events(rig: Rig) -> int:
    return _add(rig, [{"event": "signal_lost", "data": as_json(closed())}, {"data": b"{}"}, {"a": "b"}] * 50)


@fault()
def poison_of_unknown_versions(rig: Rig) -> int:
    versions = ("2", "0", "-1", "one", "99999999999")
    return _add(rig, [{**_closed(as_json(closed())), "v": version} for version in versions] * 20)


@fault()
def poison_without_each_required_field(rig: Rig) -> int:
    entries = []
    for name, make in SAMPLES.items():
        for field in make():
            fields = make()
            del fields[field]
            entries.append({"event": name, "data": as_json(fields)})
    return _add(rig, entries * 5)


@fault()
def poison_of_wrong_types(rig: Rig) -> int:
    wrong: tuple[Any, ...] = ([], {}, True, "?", -1.5)
    valid = {("symbol", "?"), ("rules_version", "?"), ("rr_realized", -1.5)}
    entries = [
        {
            "event": name,
            "data": as_json(make(**{field: value}) if field != "signal_id" else {**make(), field: value}),
        }
        for name, make in SAMPLES.items()
        for field in make()
        for value in wrong
        if not (isinstance(value, str | float) and (field, value) in valid)
    ]
    return _add(rig, entries)


@fault()
def poison_that_only_postgres_rejects(rig: Rig) -> int:
    raw = as_json(published(entry=1.5)).replace(b'"entry":1.5', b'"entry":1E-100000')
    return _add(rig, [{"event": "signal_published", "data": raw}] * 30)


def _crashing_worker(rig: Rig) -> None:
    rig.start_shipper()
    rig.start_worker(module="tests.chaos.crashing_worker")
    rig.start_engine()


@fault(_crashing_worker)
def poison_that_crashes_workers(rig: Rig) -> int:
    """An entry that ends every worker that decodes it; a process manager starts the next one each time."""
    _add(rig, [_closed(as_json(closed(note=MARK.decode())))])
    crashes = 0
    while rig.dead_count() < 1:
        (worker,) = [child for child in rig.children if child.name == "worker"][-1:]
        if not worker.running:
            crashes += 1
            assert crashes < 30, "it crashes workers for ever"
            rig.start_worker(module="tests.chaos.crashing_worker")
        rig.pause(0.05)
    return crashes
