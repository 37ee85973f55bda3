"""Who notices: guard's alert, where the stage has a guard and the case names rules of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg

from tests.drill.stage import Stage

_LOOK_AGAIN_S = 0.1
_FIRED = b"SELECT rule FROM guard_alerts WHERE state = 'firing' AND rule = ANY(%s) LIMIT 1"


class Watch:
    """The first alert of some rules since the watch began; expects: whether there is a guard to ring."""

    def __init__(self, stage: Stage, rules: tuple[str, ...], *, expects: bool) -> None:
        self.expects = expects
        self.fired_at: float | None = None
        self.rule = ""
        self._stage, self._rules = stage, rules
        self._end = threading.Event()

    def look(self) -> None:
        """Look until there is one, or the watch ends; Postgres itself may be away meanwhile."""
        while self.fired_at is None and not self._end.wait(_LOOK_AGAIN_S):
            with suppress(psycopg.Error, OSError):
                self._look_once()

    def end(self) -> None:
        """End it."""
        self._end.set()

    def _look_once(self) -> None:
        with self._stage.database() as connection:
            if row := connection.execute(_FIRED, [list(self._rules)]).fetchone():
                self.rule, self.fired_at = row[0], time.monotonic()


@contextmanager
def watching(stage: Stage, rules: tuple[str, ...]) -> Iterator[Watch]:
    """Watch for as long as the block lasts."""
    expects = bool(rules) and bool(stage.of("guard"))
    watch = Watch(stage, rules, expects=expects)
    thread = threading.Thread(target=watch.look, name="watch", daemon=True)
    if expects:
        thread.start()
    try:
        yield watch
    finally:
        watch.end()
        if expects:
            thread.join()
