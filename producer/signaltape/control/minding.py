"""What a process makes of what it hears from control, and of silence. Pure."""

from __future__ import annotations

from signaltape.control.state import Control, is_newer


class Mind:
    """What a process knows: the newest word that it has heard."""

    def __init__(self) -> None:
        self.known: Control | None = None

    def hear(self, said: Control | None) -> bool:
        """Take what stands there; True if it is news. Nothing, or an older word, changes nothing."""
        if not is_newer(said, self.known):
            return False
        self.known = said
        return True

    def says_running(self, said: Control | None) -> bool:
        """Whether what was just read says that all is to run: not if it is older than what is known."""
        return said is not None and not said.paused and not is_newer(self.known, said)


class DeadManSwitch:
    """Pauses by itself once control has been out of reach for so long; goes on only once control says so.

    after_s: None for never. now_s: of a clock that is never set.
    """

    def __init__(self, after_s: float | None, now_s: float) -> None:
        self._after_s = after_s
        self._heard_at_s = now_s
        self.tripped = False

    @property
    def is_set(self) -> bool:
        """Whether it may trip at all."""
        return self._after_s is not None

    def heard(self, now_s: float, *, says_running: bool) -> None:
        """Control was reached."""
        self._heard_at_s = now_s
        if says_running:
            self.tripped = False

    def look(self, now_s: float) -> bool:
        """Whether it has tripped, by now."""
        if self._after_s is not None and now_s - self._heard_at_s >= self._after_s:
            self.tripped = True
        return self.tripped
