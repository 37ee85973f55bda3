"""How fast Telegram may be called: 30 calls a second in all, one a second per chat, 20 a minute per group."""

from __future__ import annotations

from collections import defaultdict, deque

ALL_PER_S = 30
GROUP_PER_MINUTE = 20
CHAT_INTERVAL_S = 1.0


class Pace:
    """Tells when the next call to a chat may go out. Pure: the caller brings the time."""

    def __init__(self, chat_interval_s: float = CHAT_INTERVAL_S) -> None:
        self._chat_interval_s = chat_interval_s
        self._all: deque[float] = deque(maxlen=ALL_PER_S)
        self._groups: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=GROUP_PER_MINUTE))
        self._chats: dict[str, float] = {}

    def wait_s(self, chat_id: str, now: float) -> float:
        """Seconds to wait, at monotonic time `now`, before calling for this chat."""
        ready = self._chats.get(chat_id, float("-inf")) + self._chat_interval_s
        if len(self._all) == ALL_PER_S:
            ready = max(ready, self._all[0] + 1.0)
        if _is_group(chat_id) and len(self._groups[chat_id]) == GROUP_PER_MINUTE:
            ready = max(ready, self._groups[chat_id][0] + 60.0)
        return max(0.0, ready - now)

    def note(self, chat_id: str, now: float) -> None:
        """A call for this chat goes out at `now`."""
        self._all.append(now)
        self._chats[chat_id] = now
        if _is_group(chat_id):
            self._groups[chat_id].append(now)


def _is_group(chat_id: str) -> bool:
    """Groups and channels have negative ids or public names; people have positive ids."""
    return chat_id.startswith(("-", "@"))
