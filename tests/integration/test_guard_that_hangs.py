"""A guard that hangs keeps nobody from guarding: its session ends, another one leads, and it stands by afterwards."""

from __future__ import annotations

import threading
from datetime import datetime

from signaltape import Settings
from signaltape.clock import utc_now
from sink.db import Connection
from tests.support.guarding import Guard
from tests.support.waiting import LONGEST_S, eventually


def test_a_guard_that_hangs_is_followed_by_the_one_that_stands_by(
    settings: Settings, connection: Connection
) -> None:
    guard, going = Guard(settings, connection), threading.Event()
    going.set()

    def clock() -> datetime:
        going.wait(LONGEST_S)
        return utc_now()

    with guard.beside(clock, hung_s=1.0) as first:
        eventually(lambda: first.counted.evaluations > 1)
        with guard.beside(hung_s=1.0) as second:
            going.clear()
            try:
                eventually(lambda: second.counted.evaluations > 1)
            finally:
                going.set()
            eventually(lambda: not first.counted.leads)
            assert second.counted.leads
        eventually(lambda: first.counted.leads)
