"""What the archiver measures: what it did, and how far its group is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial

from consumer.group_measures import group_measures
from consumer.group_status import group_status
from replay.archive.archiver import Archive
from signaltape.clock import utc_now
from signaltape.measures import Ask, Measure, one
from signaltape.redis_client import redis_client
from signaltape.settings import Secret, Settings
from signaltape.stream import ARCHIVE_GROUP


def archiver_parts(target: Archive, redis_url: Secret, settings: Settings) -> Mapping[str, Ask]:
    """The parts by name."""
    return {"archive": lambda: _archived(target), "redis": partial(_group, redis_url, settings)}


def _archived(target: Archive) -> Iterator[Measure]:
    done = target.total
    entries = {
        "written": done.lines,
        "duplicates": done.duplicates,
        "conflicts": done.conflicts,
        "invalid": done.invalid,
    }
    yield Measure(
        "signaltape_archive_entries", "Entries this archiver worked on", entries, "outcome", total=True
    )
    yield one(
        "signaltape_archive_written_bytes", "Bytes of the lines it wrote", target.written_bytes, total=True
    )


def _group(redis_url: Secret, settings: Settings) -> Iterator[Measure]:
    with closing(redis_client(redis_url)) as client:
        partitions = group_status(client, settings, ARCHIVE_GROUP, utc_now())
    yield from group_measures("signaltape_archive", partitions)
