"""The count at the end: every accepted event exactly once, in the journal table and in its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from signaltape.contract.codec import event_id
from signaltape.stream import GHOST_GROUP, GUARD_GROUP
from sink import quality
from tests.chaos import load
from tests.chaos.rig import Rig

#: No worker may ever take more.
MAX_WORKER_RSS_KIB = 300 * 1024

#: These are given nothing: their one consumer only shows that somebody reads, and stays.
_PLACES = (GHOST_GROUP, GUARD_GROUP)


class Result(Struct):
    """One line of the table."""

    fault: str
    injected: int
    accepted: int
    stored: int
    lost: int
    doubled: int
    recovery_s: float


class Audit(Struct):
    """What was counted, and everything else that is not as it should be."""

    accepted: int
    stored: int
    lost: int
    doubled: int
    wrong: list[str]
    peak_worker_kib: int


def audit(rig: Rig) -> Audit:
    """Count, with all processes of the product at rest."""
    accepted = {
        event_id(load.signal_id(rig.seed, index), load.KINDS[index % len(load.KINDS)])
        for index, state in enumerate(rig.record.read_bytes())
        if state == load.ACCEPTED
    }
    recorded = rig.recorded_ids()
    records = rig.stored_records(recorded)
    with rig.database() as connection:
        rows = connection.execute(
            "SELECT event_id::text, signal_id::text, event FROM signal_events"
        ).fetchall()
        differing = quality.disagreements(connection)
    stored = {row[0] for row in rows}
    doubled = len(rows) - len({(row[1], row[2]) for row in rows})
    doubled += sum(max(0, detail - events) for events, detail in differing.values())
    doubled += sum(count - 1 for count in records.values())
    lost = len(accepted - stored) + len(recorded) - len(records)
    lost += sum(max(0, events - detail) for events, detail in differing.values())
    peak = max((child.peak_rss_kib for child in rig.children if child.name == "worker"), default=0)
    checked = [wrong for check in rig.checks for wrong in check()]
    return Audit(
        accepted=len(accepted) + len(recorded),
        stored=len(rows) + len(records),
        lost=lost,
        doubled=doubled,
        wrong=[
            *_archive(rig, accepted.union(recorded)),
            *_leftovers(rig),
            *_refusals(rig),
            *_memory(peak),
            *checked,
        ],
        peak_worker_kib=peak,
    )


def _archive(rig: Rig, accepted: set[str]) -> Iterator[str]:
    """Everything accepted stands in the archive as well: whole, and once."""
    found: Counter[str] = Counter()
    torn = 0
    for path in (rig.archive / "data").rglob("*.jsonl"):
        for line in path.read_bytes().splitlines():
            try:
                found[msgspec.json.decode(line)["_id"]] += 1
            except (msgspec.MsgspecError, KeyError):
                torn += 1
    lost, doubled = len(accepted - found.keys()), sum(count - 1 for count in found.values())
    if lost or doubled or torn:
        yield f"archive: {lost} lost, {doubled} doubled, {torn} torn"


def _leftovers(rig: Rig) -> Iterator[str]:
    with rig.redis() as client:
        for key in rig.keys:
            for group in client.xinfo_groups(key):
                name = group["name"].decode()
                if group["pending"]:
                    yield f"{key}: {group['pending']} entries of {name} are pending"
                for consumer in () if name in _PLACES else client.xinfo_consumers(key, name):
                    yield f"{key}, {name}: consumer {consumer['name'].decode()} is left behind"
    if (dead := rig.dead_count()) != rig.poison:
        yield f"{dead} dead letters, expected {rig.poison}{_first_reason(rig)}"


def _first_reason(rig: Rig) -> str:
    """Why the youngest dead letter is one: with that a failed run can be explained."""
    with rig.database() as connection:
        row = connection.execute("SELECT reason FROM dead_letters ORDER BY id DESC LIMIT 1").fetchone()
    return f"; the last: {row[0]}" if row else ""


def no_duplicates(rig: Rig) -> Iterator[str]:
    """Nothing was sent or read twice, so the report may not speak of duplicates."""
    with rig.database() as connection:
        row = connection.execute("SELECT coalesce(sum(duplicates), 0) FROM duplicate_counts").fetchone()
    if row is not None and row[0]:
        yield f"{row[0]} duplicates were counted, and there were none"


def _refusals(rig: Rig) -> Iterator[str]:
    """The engine emits only valid events, so nothing may stand in a reject file."""
    rejects = list((rig.tape_home / "journal").glob("*.rejects.jsonl"))
    if rejects:
        yield f"valid events were refused: {rejects[0].read_text()[:200]}"


def _memory(peak_kib: int) -> Iterator[str]:
    if peak_kib > MAX_WORKER_RSS_KIB:
        yield f"a worker took {peak_kib // 1024} MiB"
