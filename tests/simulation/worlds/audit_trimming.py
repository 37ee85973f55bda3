"""What is trimmed from a stream no group needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation.redis.ids import Id

if TYPE_CHECKING:
    from tests.simulation.worlds.consuming import ConsumingWorld


class Trimming:
    """Compares a stream before and after."""

    def __init__(self, world: ConsumingWorld) -> None:
        self._world = world
        self._before: list[Id] = []

    def before(self, key: bytes) -> None:
        """A stream is about to be trimmed."""
        self._before = [one for one, _ in self._world.redis.entries(key)]

    def after(self, key: bytes) -> None:
        """It was."""
        redis = self._world.redis
        gone = set(self._before) - {one for one, _ in redis.entries(key)}
        for group, last in redis.groups(key).items():
            pending = redis.pending(key, group)
            for one in sorted(gone):
                if one > last or one in pending:
                    self._world.fail(
                        "trimmed only when done with", f"{one} of {key.decode()}, {group.decode()} needs it"
                    )
                    return
