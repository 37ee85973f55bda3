"""The count at the end: every accepted event exactly once, in the journal table and in its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from signaltape.contract import event_id
from sink import quality
from tests.chaos import load
from tests.chaos.rig import KEY, Rig

#: No worker may ever take more.
MAX_WORKER_RSS_KIB = 300 * 1024


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
    with rig.database() as connection:
        rows = connection.execute(
            "SELECT event_id::text, signal_id::text, event FROM signal_events"
        ).fetchall()
        differing = quality.disagreements(connection)
    stored = {row[0] for row in rows}
    doubled = len(rows) - len({(row[1], row[2]) for row in rows})
    doubled += sum(max(0, detail - events) for events, detail in differing.values())
    peak = max((child.peak_rss_kib for child in rig.children if child.name == "worker"), default=0)
    return Audit(
        accepted=len(accepted),
        stored=len(rows),
        lost=len(accepted - stored) + sum(max(0, events - detail) for events, detail in differing.values()),
        doubled=doubled,
        wrong=[*_archive(rig, accepted), *_leftovers(rig), *_refusals(rig), *_memory(peak)],
        peak_worker_kib=peak,
    )


def _archive(rig: Rig, accepted: set[str]) -> Iterator[str]:
    """Every accepted event stands in the archive as well: whole, and once."""
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
    client = rig.redis()
    try:
        for group in client.xinfo_groups(KEY):
            if group["pending"]:
                yield f"{group['pending']} entries are pending"
            for consumer in client.xinfo_consumers(KEY, group["name"]):
                yield f"{group['name'].decode()}: consumer {consumer['name'].decode()} is left behind"
    finally:
        client.close()
    if (dead := rig.dead_count()) != rig.poison:
        yield f"{dead} dead letters, expected {rig.poison}"


def _refusals(rig: Rig) -> Iterator[str]:
    """The engine emits only valid events, so nothing may stand in a reject file."""
    rejects = list((rig.tape_home / "journal").glob("*.rejects.jsonl"))
    if rejects:
        yield f"valid events were refused: {rejects[0].read_text()[:200]}"


def _memory(peak_kib: int) -> Iterator[str]:
    if peak_kib > MAX_WORKER_RSS_KIB:
        yield f"a worker took {peak_kib // 1024} MiB"
