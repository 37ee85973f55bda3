"""What is trimmed from a stream no group needs any more: looked at at the very command."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.redis.ids import Id
from tests.simulation.redis.model import ModelRedis


class Trimming:
    """Compares a stream before and after."""

    def __init__(self, redis: ModelRedis, fail: Callable[[str, str], None]) -> None:
        self._redis = redis
        self._fail = fail
        self._before: list[Id] = []

    def before(self, argv: Sequence[bytes]) -> None:
        """A command is about to be carried out."""
        if _trims(argv):
            self._before = [one for one, _ in self._redis.entries(argv[3])]

    def after(self, argv: Sequence[bytes]) -> None:
        """It was."""
        if not _trims(argv):
            return
        redis, key = self._redis, argv[3]
        gone = set(self._before) - {one for one, _ in redis.entries(key)}
        for group, last in redis.groups(key).items():
            pending = redis.pending(key, group)
            for one in sorted(gone):
                if one > last or one in pending:
                    self._fail(
                        "trimmed only when done with", f"{one} of {key.decode()}, {group.decode()} needs it"
                    )
                    return


def _trims(argv: Sequence[bytes]) -> bool:
    return argv[0].upper() == b"EVAL" and b"XTRIM" in argv[1]
