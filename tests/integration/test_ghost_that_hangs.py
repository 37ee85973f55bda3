"""A ghost that hangs keeps nobody from going on: its session ends, another one leads, and it stands by afterwards."""

from __future__ import annotations

import threading
from typing import Any

from consumer.tape_order import TapeReader
from signaltape import Settings
from sink.db import Connection
from tests.support.ghosting import Ghost, Tape
from tests.support.waiting import LONGEST_S, eventually


def test_a_ghost_that_hangs_is_followed_by_the_one_that_stands_by(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    ghost, tape, going = Ghost(settings, connection), Tape(redis_client, settings.stream), threading.Event()
    going.set()

    class Hangs(TapeReader):
        def look(self, *given: Any) -> Any:
            going.wait(LONGEST_S)
            return super().look(*given)

    with ghost.beside(Hangs, hung_s=1.0) as first:
        tape.plan()
        eventually(lambda: len(ghost.orders()) == 1)
        with ghost.beside(hung_s=1.0) as second:
            going.clear()
            try:
                tape.plan()
                eventually(lambda: len(ghost.orders()) == 2)
                assert second.counted.leads
            finally:
                going.set()
            eventually(lambda: not first.counted.leads)
            tape.plan()
            eventually(lambda: len(ghost.orders()) == 3)
        eventually(lambda: first.counted.leads)
