"""The stream of an archive: what its other group has not done is not trimmed."""

from __future__ import annotations

from itertools import islice

from signaltape.stream import WORKER_GROUP
from tests.simulation.worlds.archive_known import Known


def check_stream(known: Known) -> None:
    """What the other group was not given, or is not done with, is there, but for what Redis lost."""
    world, group = known.world, WORKER_GROUP.encode()
    if world.redis_forgot:
        known.worker_begins()
        world.redis_forgot = not world.service.alive
        return
    for key in world.stream_keys:
        given = world.redis.groups(key).get(group)
        if given is None:
            continue
        names = islice(known.given, known.forgotten, None)
        ids = [tuple(map(int, one.split("-"))) for name, one in names if name == key.decode()]
        needed = {one for one in ids if one > given or one in world.redis.pending(key, group)}
        gone = needed - {one for one, _ in world.redis.entries(key)}
        if gone:
            world.fail("the stream is kept", f"{len(gone)} entries of {key!r}, such as {min(gone)}")
