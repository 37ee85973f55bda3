"""The messages to Telegram as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from signaltape.clock import show_bare
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right

#: A person decides on these.
_ENDED_UNSENT = {"uncertain", "failed", "expired"}


def show_deliveries(screen: Screen, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print where each message stands."""
    if not rows:
        screen.say("no messages")
        screen.next("python -m reports scorecard --send puts one in")
        return
    states = Counter(row["state"] for row in rows)
    said = ", ".join(f"{n} {state}" for state, n in states.items())
    screen.say(f"messages: {len(rows)} ({said})", "warn" if states.keys() & _ENDED_UNSENT else "good")
    screen.table(
        (
            right("id"), left("message"), left("state"), left("files"), right("failures"),
            left("until, WIB"),
        ),
        [
            (
                row["id"], row["message_key"], row["state"], _files(row["files"]), row["failures"] or "",
                show_bare(row["not_after"]),
            )
            for row in rows
        ],
        [row["last_error"] for row in rows],
    )  # fmt: skip
    screen.next(_next(states, rows))


def _files(files: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {state}" for state, n in files.items())


def _next(states: Mapping[str, int], rows: Sequence[Mapping[str, Any]]) -> str:
    unsent = any(row["files"].keys() & _ENDED_UNSENT for row in rows)
    if unsent or states.keys() & _ENDED_UNSENT:
        return "look at the chat, then python -m reports deliveries resend ID"
    if states.keys() & {"queued", "sending"}:
        return "python -m reports schedule sends what waits"
    return NOTHING_TO_DO
