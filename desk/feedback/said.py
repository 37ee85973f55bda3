"""What a click or a reaction says, and what follows from it where something was said before. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

RATING, TOOK = "rating", "took"
#: It was taken back.
NONE = "none"
#: What the buttons of an alert say (`a:<ref>:<word>`); the others are not judgements.
WORDS = {"up": (RATING, "up"), "dn": (RATING, "down"), "took": (TOOK, "took"), "skip": (TOOK, "skipped")}
#: Telegram has them without their colours, and clients may add one.
_REACTIONS = {"👍": "up", "👎": "down"}
_VARIANTS = "\N{VARIATION SELECTOR-16}\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
#: A reaction has its time in whole seconds: so much may it seem to come before what it is to.
_SECOND = timedelta(seconds=1)


class Said(NamedTuple):
    """An answer to one of the two questions of an alert. takes_back: only where this is what is said now."""

    kind: str
    value: str
    takes_back: str | None = None


def of_word(word: str) -> Said | None:
    """What the word of a button says; None if it is no judgement."""
    return Said(*WORDS[word]) if word in WORDS else None


def of_reaction(gained: Collection[str], lost: Collection[str]) -> Said | None:
    """What a change of reactions says; None for all but thumbs, and for both thumbs at once."""
    new, old = _thumbs(gained), _thumbs(lost)
    if len(new) == 1:
        return Said(RATING, new.pop())
    return Said(RATING, NONE, takes_back=old.pop()) if not new and len(old) == 1 else None


def standing_after(before: str, said: Said, *, pressed: bool) -> str | None:
    """What is said now; None if nothing changes by it. before: what was said.

    A second press on the same button takes it back; a reaction is what it is, and taking one back that was replaced by
    another answer since changes nothing.
    """
    if said.takes_back is not None:
        return NONE if before == said.takes_back else None
    if said.value == before:
        return NONE if pressed else None
    return said.value


def latency_ms(stood_at: datetime | None, clicked_at: datetime) -> int | None:
    """From the alert standing in the chat to the click; None where that is not known, or the clocks disagree."""
    if stood_at is None or clicked_at < stood_at - _SECOND:
        return None
    return max(0, round((clicked_at - stood_at) / timedelta(milliseconds=1)))


def _thumbs(emoji: Collection[str]) -> set[str]:
    bare = (one.rstrip(_VARIANTS) for one in emoji)
    return {_REACTIONS[one] for one in bare if one in _REACTIONS}
