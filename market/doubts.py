"""Who has told bad seconds lately: another is preferred for a while, where there is one. Pure."""

from __future__ import annotations

from signaltape.quality import Verdict

_SECOND_US = 1_000_000
#: So many bad seconds in a row are no slip …
_IN_A_ROW = 3
#: … and are held against a provider for so long.
_FOR_US = 60 * _SECOND_US
_MOST_WORDS = 200


class Doubts:
    """Of one symbol."""

    def __init__(self) -> None:
        self._in_a_row: dict[str, int] = {}
        self._until: dict[str, tuple[int, str]] = {}

    def note(self, provider: str, verdict: Verdict, at_us: int) -> None:
        """One second that it told."""
        if verdict.data_quality != "bad":
            self._in_a_row[provider] = 0
            return
        self._in_a_row[provider] = self._in_a_row.get(provider, 0) + 1
        if self._in_a_row[provider] >= _IN_A_ROW:
            self._until[provider] = (at_us + _FOR_US, verdict.reasons[0])

    def of(self, provider: str, now_us: int) -> str:
        """In words, as long as it is held against it."""
        until_us, why = self._until.get(provider, (0, ""))
        return f"was bad ({why})"[:_MOST_WORDS] if now_us < until_us else ""
