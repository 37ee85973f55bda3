"""What troubles the spine: servers and machines, Redis in particular, and the files of journals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation.worlds.nemesis import Nemesis
from tests.simulation.worlds.power_cuts import PowerCuts

if TYPE_CHECKING:
    from tests.simulation.worlds.spine import SpineWorld


class SpineNemesis(Nemesis):
    """The troubles of servers and machines, and those of streams and journals."""

    def __init__(self, world: SpineWorld) -> None:
        super().__init__(world)
        self._keeping, self._spine = world.keeping, world
        self._acts |= world.redis_troubles.acts(self._for) | world.unread.acts(self._for)
        self._acts |= world.damage.acts() | PowerCuts(world).acts()

    def _for(self, seconds: float, end: Callable[[], None], what: str) -> str:
        def over() -> None:
            end()
            self._keeping.hitch()

        return super()._for(seconds, over, what)

    def _flip(self, seconds: float) -> str:
        told = super()._flip(seconds)
        if (
            self._spine.shipped_once
        ):  # who looks only once does not go past a frame that an engine may be about to write
            self._spine.damage.holds_up = True
        return told
