"""Faults of records: many days at once, and days that are dropped while records for them still come."""

from __future__ import annotations

from tests.chaos.registry import fault, usual
from tests.chaos.rig import Rig

_BACKFILL_DAYS = 1500
#: The worker's usual batch; it gathers for long enough that the burst comes to Postgres as one.
_USUAL_BATCH = "5000"
#: Market records are kept this long where they come late.
_KEEP_DAYS = 3


def _without_worker(rig: Rig) -> None:
    rig.start_shipper()
    rig.start_engine()


@fault(_without_worker)
def backfill_of_1500_days(rig: Rig) -> int:
    """A candle for each of 1,500 days, in one burst before the worker is there, beside lifecycle events."""
    rig.start_recording(oldest=_BACKFILL_DAYS, youngest=1, count=_BACKFILL_DAYS, rate=1_000_000).popen.wait(
        60
    )
    assert len(rig.recorded_ids()) == _BACKFILL_DAYS, "the engine must accept all of it"
    rig.await_shipped()
    rig.start_worker("--max-age-ms", "1000", "--batch", _USUAL_BATCH)
    return _BACKFILL_DAYS


def _short_keep(rig: Rig) -> None:
    rig.environment["SIGNALTAPE_KEEP_MARKET_HOURS"] = str(_KEEP_DAYS * 24)
    usual(rig)


@fault(_short_keep)
def retention_beside_late_records(rig: Rig) -> int:
    """Days are dropped, and dropped again, while late records for just these days come in."""
    late = rig.start_recording(oldest=30, youngest=_KEEP_DAYS + 2, count=3000, rate=600, noted=False)
    fresh = rig.start_recording(oldest=1, youngest=0, count=3000, rate=600)
    runs = 0
    while late.running or not runs:
        rig.run_to_its_end("replay", "retention")
        runs += 1
    for engine in (late, fresh):
        assert engine.popen.wait(60) == 0, engine.last_line()
    assert runs > 1, "retention must run while they come"
    return runs
