"""Behind a new connection may be another Redis, which has its own of what is pending: that is read before more."""

from __future__ import annotations

from collections.abc import Sequence

from signaltape.stream import WORKER_GROUP
from tests.simulation.kernel.network import Line
from tests.simulation.worlds.base import World

_GROUP = WORKER_GROUP.encode()
_NEW = b">"


class NewConnections:
    """Follows what consumers ask for over each connection. One wait for new entries may be under way already."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: connections over which a consumer has waited for new entries and not read since what is pending
        self._waited: dict[bytes, Line] = {}
        #: the last connection over which it may wait
        self._looked: dict[bytes, Line] = {}

    def after(self, line: Line, argv: Sequence[bytes]) -> None:
        """A command of a living connection was carried out."""
        if argv[0].upper() != b"XREADGROUP" or argv[2] != _GROUP:
            return
        name, words = argv[3], argv[argv.index(b"STREAMS") + 1 :]
        if any(one != _NEW for one in words[len(words) // 2 :]):
            self._looked[name] = line
            self._waited.pop(name, None)
        elif b"BLOCK" in argv and self._looked.get(name) is not line:
            if self._waited.get(name) is line:
                self._world.fail(
                    "pending is read over a new connection", f"{name.decode()} waits for new entries again"
                )
            self._waited[name] = line
