"""Who follows control within a process: an Emitter whose `paused` is set, and what it calls when that changes."""

from __future__ import annotations

import logging
import weakref
from typing import Protocol

from signaltape.callbacks import Callbacks
from signaltape.control.line import Looked
from signaltape.control.minding import DeadManSwitch, Mind

log = logging.getLogger("signaltape")


class Followed(Protocol):
    """What is set, and whom it has to be told."""

    paused: bool
    control_known: bool
    _callbacks: Callbacks | None


class Follower:
    """One of those: it is let go of when nobody else holds it."""

    def __init__(self, tape: Followed, fail_safe_s: float | None, now_s: float) -> None:
        self._tape = weakref.ref(tape)
        self._switch = DeadManSwitch(fail_safe_s, now_s)

    @property
    def tape(self) -> Followed | None:
        """Whom it sets; None once that is gone."""
        return self._tape()

    def judge(self, mind: Mind, looked: Looked | None, now_s: float) -> bool:
        """Set `paused` by what is known and by what a look has found (None: out of reach); whether it is paused."""
        if looked is not None and looked.reached:
            self._switch.heard(now_s, says_running=mind.says_running(looked.control))
        self._look(now_s)
        paused = self._switch.tripped or (mind.known is not None and mind.known.paused)
        tape = self._tape()
        if tape is not None:
            tape.paused = paused
            tape.control_known = tape.control_known or mind.known is not None
        return paused

    @property
    def has_switch(self) -> bool:
        """Whether silence of control pauses it."""
        return self._switch.is_set

    def trip(self, now_s: float) -> bool:
        """Pause it if nothing was heard for too long; whether that is news. From another thread."""
        tape = self._tape()
        if not self._look(now_s) or tape is None:
            return False
        tape.paused = True
        return True

    def _look(self, now_s: float) -> bool:
        """Whether the switch trips now."""
        was_tripped = self._switch.tripped
        if was_tripped or not self._switch.look(now_s):
            return False
        log.warning("control is out of reach: paused until it says that all is to run")
        return True

    def tell(self) -> None:
        """Call whom it has not been told yet."""
        tape = self._tape()
        if tape is not None and tape._callbacks is not None:
            tape._callbacks.tell(tape.paused)
