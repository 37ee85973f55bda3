"""A ghost that hangs keeps nobody from going on: its session ends, another one leads, and it stands by afterwards."""

from __future__ import annotations

import threading
from typing import Any

from consumer.tape_order import TapeReader
from signaltape import Settings
from sink.db import Connection
from tests.support.ghosting import Ghost, Tape, walk
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


def test_a_ghost_that_reads_long_what_came_late_does_not_hang(
    settings: Settings, connection: Connection, redis_client: Any
) -> None:
    """Else its session would end each time before it has committed, for ever."""
    ghost, tape, never = Ghost(settings, connection), Tape(redis_client, settings.stream), threading.Event()
    walk(tape, ["104"] * 250, step_s=1, interval="1s")
    ghost.run()
    tape.plan()

    class Slow(TapeReader):
        def look(self, *given: Any) -> Any:
            never.wait(0.4)
            return super().look(*given)

    with ghost.beside(Slow, hung_s=1.0):
        eventually(lambda: len(ghost.orders()) == 1)
