"""The desk's threads: two lanes of the actor, alerting, upkeep, the look at the guard."""

from __future__ import annotations

import threading
from collections.abc import Callable

from desk.acting import Desk
from desk.actor import Lane
from desk.alert_thread import AlertThread
from desk.alerting.around import Around
from desk.guard_silence import GuardWatch
from desk.heard import Heard
from desk.router import acts
from desk.upkeep import keep_up


class Threads:
    """All of them, begun and ended together."""

    def __init__(self, desk: Desk, around: Around) -> None:
        self._ended = threading.Event()
        self._commands = desk.commands
        self._lanes = {which: Lane(desk, self._ended, acts=which) for which in (True, False)}
        self._alerts = AlertThread(desk, around)
        self._threads = [
            _thread("acts", self._lanes[True].run),
            _thread("asks", self._lanes[False].run),
            _thread("alerts", self._alerts.run),
            _thread("upkeep", lambda: keep_up(desk.settings, self._ended, desk.clock)),
            _thread("guard", lambda: GuardWatch(desk.desk).run(self._ended, desk.clock)),
        ]

    def start(self) -> None:
        """Begin."""
        for one in self._threads:
            one.start()

    def wake(self, heard: Heard) -> None:
        """Something was stored."""
        self._lanes[acts(self._commands, heard)].wake.set()

    def end(self) -> None:
        """Let them end, each with what it has in hand."""
        self._ended.set()
        self._alerts.end()
        for lane in self._lanes.values():
            lane.wake.set()

    def join(self) -> None:
        """Wait until they have."""
        for one in self._threads:
            one.join()


def _thread(name: str, work: Callable[[], None]) -> threading.Thread:
    return threading.Thread(target=work, name=f"desk-{name}", daemon=True)
