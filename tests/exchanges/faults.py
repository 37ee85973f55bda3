"""How an exchange misbehaves, when it is told to. What it says wrongly is not here: any value can be pushed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Faults:
    """Set one to begin, set it back to end.

    silent: nothing is said on any websocket any more, no answer either; the connections stay.
    deaf: as silent, but pings are answered: a connection that lives, and brings nothing.
    unsubscribable: every subscription is refused.
    closing: whoever connects is let in and closed at once, with this code.
    no_connects: websockets are refused with a 503.
    broken_answers: so many answers over HTTP are 503 (−1: all).
    odd_answers: so many answers are 200 with something that is not JSON.
    hanging_answers: so many answers do not come (they are given up after some seconds).
    too_often: so many answers complain about too many questions.
    endless_answers: so many answers go on and on.
    redirecting_to: every question over HTTP is sent on to this URL.
    connecting_s: every websocket is let in so late.
    slow_s: every answer over HTTP takes so long.
    """

    silent: bool = False
    deaf: bool = False
    unsubscribable: bool = False
    closing: int | None = None
    no_connects: bool = False
    broken_answers: int = 0
    odd_answers: int = 0
    hanging_answers: int = 0
    too_often: int = 0
    endless_answers: int = 0
    redirecting_to: str = ""
    connecting_s: float = 0.0
    slow_s: float = 0.0

    def next_answer(self) -> str:
        """How the next answer over HTTP goes wrong; empty: it does not."""
        for name in ("broken_answers", "odd_answers", "hanging_answers", "too_often", "endless_answers"):
            left = getattr(self, name)
            if left:
                setattr(self, name, max(left - 1, -1))
                return name
        return ""
