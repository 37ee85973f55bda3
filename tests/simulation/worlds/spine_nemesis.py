"""What troubles the spine: servers and machines, Redis in particular, and the files of journals."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.worlds.damage import Damage
from tests.simulation.worlds.keeping import Keeping
from tests.simulation.worlds.nemesis import Nemesis
from tests.simulation.worlds.power_cuts import PowerCuts
from tests.simulation.worlds.redis_troubles import RedisTroubles
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.unread import Unread


class SpineNemesis(Nemesis):
    """The troubles of servers and machines, and those of streams and journals."""

    def __init__(
        self,
        world: SpineBase,
        keeping: Keeping,
        redis_troubles: RedisTroubles,
        unread: Unread,
        damage: Damage,
    ) -> None:
        super().__init__(world)
        self._spine, self._keeping, self._damage = world, keeping, damage
        self._acts |= redis_troubles.acts(self._for) | unread.acts(self._for)
        self._acts |= damage.acts() | PowerCuts(world).acts()

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
            self._damage.holds_up = True
        return told
