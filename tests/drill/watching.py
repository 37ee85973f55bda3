"""Who notices: guard, by a message in the chat that begins with the words of one of a case's rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.drill.rules import words
from tests.drill.stage import Stage

_LOOK_AGAIN_S = 0.1


class Watch:
    """The first message of some rules since the watch began."""

    def __init__(self, stage: Stage, rules: tuple[str, ...]) -> None:
        self.told_at: float | None = None
        self.rule = ""
        self._messages = stage.telegram.messages
        self._before = len(self._messages)
        self._words = {rule: words(rule) for rule in rules}
        self._end, self._found = threading.Event(), threading.Event()

    def look(self) -> None:
        """Look until there is one, or the watch ends."""
        while self.told_at is None and not self._end.wait(_LOOK_AGAIN_S):
            self._look_once()

    def end(self, within_s: float) -> None:
        """End it, once there is one, or that has taken too long."""
        self._found.wait(within_s)
        self._end.set()

    def _look_once(self) -> None:
        new = list(self._messages.values())[self._before :]
        said = (
            rule for text in new for rule, what in self._words.items() if what in text and "Over" not in text
        )
        if (rule := next(said, None)) is not None:
            self.rule, self.told_at = rule, time.monotonic()
            self._found.set()


@contextmanager
def watching(stage: Stage, rules: tuple[str, ...]) -> Iterator[Watch]:
    """Watch for as long as the block lasts; nothing, where a case has no rules."""
    watch = Watch(stage, rules)
    thread = threading.Thread(target=watch.look, name="watch", daemon=True)
    if rules:
        thread.start()
    try:
        yield watch
    finally:
        watch.end(0)
        if rules:
            thread.join()
