"""The messages to Telegram as a person reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from reports.operations.deliveries import Delivery
from signaltape.clock import show_bare
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right

#: As long as the key of a report to a group.
_KEY_COLUMNS = 32
#: A person decides on these.
_ENDED_UNSENT = {"uncertain", "failed", "expired"}


def show_deliveries(screen: Screen, rows: Sequence[Delivery]) -> None:
    """Print where each message stands."""
    if not rows:
        screen.say("no messages")
        screen.next("python -m reports scorecard --send puts one in")
        return
    states = Counter(row.state for row in rows)
    said = ", ".join(f"{n} {state}" for state, n in states.items())
    screen.say(f"messages: {len(rows)} ({said})", "warn" if states.keys() & _ENDED_UNSENT else "good")
    screen.table(
        (right("id"), left("message", _KEY_COLUMNS), left("state"), left("until, WIB")),
        [(row.id, row.message_key, row.state, show_bare(row.not_after)) for row in rows],
        [_remark(row) for row in rows],
    )
    screen.next(_next(states, rows))


def _remark(row: Delivery) -> str:
    files = ", ".join(f"{n} {state}" for state, n in row.files.items())
    said = (
        f"files: {files}" if files else "",
        f"failures: {row.failures}" if row.failures else "",
        row.last_error,
    )
    return "; ".join(filter(None, said))


def _next(states: Mapping[str, int], rows: Sequence[Delivery]) -> str:
    unsent = any(row.files.keys() & _ENDED_UNSENT for row in rows)
    if unsent or states.keys() & _ENDED_UNSENT:
        return "look at the chat, then python -m reports deliveries resend ID"
    if states.keys() & {"queued", "sending"}:
        return "python -m reports schedule sends what waits"
    return NOTHING_TO_DO
