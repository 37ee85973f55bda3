"""What a provider sent and could not be read: counted by kind, and said once a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from signaltape.notices import Notices

_SHOWN_CHARS = 200


class Refusals:
    """Of one provider. `counts`: by kind, since the start."""

    def __init__(self, provider: str, notices: Notices) -> None:
        self._provider = provider
        self._notices = notices
        self._counts: Counter[str] = Counter()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind."""
        return self._counts

    def add(self, kind: str, why: str) -> None:
        """Count one, and say why unless this kind was said within the last minute."""
        self._counts[kind] += 1
        self._notices.say(
            f"{self._provider}:{kind}", f"{self._provider}: {kind} passed over: {why[:_SHOWN_CHARS]!a}"
        )
