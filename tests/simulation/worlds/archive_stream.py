"""The stream of an archive: what its other group has not done is not trimmed."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from signaltape.stream import WORKER_GROUP

if TYPE_CHECKING:
    from tests.simulation.worlds.archive_audit import Audit


def check_stream(audit: Audit) -> None:
    """What the other group was not given, or is not done with, is there, but for what Redis lost."""
    world, group = audit.world, WORKER_GROUP.encode()
    if world.redis_forgot:
        audit.worker_begins()
        world.redis_forgot = not world.service.alive
        return
    for key in world.stream_keys:
        given = world.redis.groups(key).get(group)
        if given is None:
            continue
        names = islice(audit.given, audit.forgotten, None)
        ids = [tuple(map(int, one.split("-"))) for name, one in names if name == key.decode()]
        needed = {one for one in ids if one > given or one in world.redis.pending(key, group)}
        gone = needed - {one for one, _ in world.redis.entries(key)}
        if gone:
            world.fail("the stream is kept", f"{len(gone)} entries of {key!r}, such as {min(gone)}")
