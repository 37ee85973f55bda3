"""Whether a server was ever called faster than was agreed: by chat, by group, and by all together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from outbox.rate_limiter import Limits, is_group


def too_fast(
    calls: Sequence[tuple[str, float]], limits: Limits, jitter_s: float, of_a_chat: int = 10
) -> list[str]:
    """What breaks `limits` among calls (chat, when), in order of time.

    jitter_s: between a sender's turn and the server's clock. of_a_chat: so many calls of a chat are looked at together,
    for the time between two is shorter than that.
    """
    chats: defaultdict[str, list[float]] = defaultdict(list)
    for chat, at in calls:
        chats[chat].append(at)
    wrong = []
    for chat, times in chats.items():
        wrong += _too_close(f"chat {chat}", times, of_a_chat, of_a_chat * limits.chat_interval_s, jitter_s)
        if is_group(chat):
            wrong += _too_close(f"group {chat}", times, limits.group_per_minute, limits.minute_s, jitter_s)
    return wrong + _too_close(
        "all", [at for _, at in calls], limits.all_per_second, limits.second_s, jitter_s
    )


def _too_close(what: str, times: Sequence[float], calls: int, span_s: float, jitter_s: float) -> list[str]:
    """Whether `calls` + 1 calls ever lie within less than `span_s`."""
    assert all(a <= b for a, b in pairwise(times))
    worst = min((times[i + calls] - times[i] for i in range(len(times) - calls)), default=span_s)
    return [f"{what}: {calls + 1} calls within {worst:.2f} s"] if worst < span_s - jitter_s else []
