"""What the commands on sessions show to a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from signaltape.clock import show, show_bare
from signaltape.replay import Manifest
from signaltape.replay.player import PlayerStatus
from signaltape.terminal import Screen, left, right

#: As long as the ids that are given to sessions.
_ID_COLUMNS = 24
#: So many symbols are named in a list.
_MOST_NAMES = 4


def show_sessions(screen: Screen, found: Sequence[Manifest]) -> None:
    """Print a list of sessions."""
    if not found:
        screen.say("no sessions")
        screen.next("python -m replay build --from TIME --to TIME makes one")
        return
    screen.say(f"sessions: {len(found)}, events: {sum(one.total_events for one in found)}")
    screen.table(
        (left("session", _ID_COLUMNS), right("events"), left("from, WIB"), left("to, WIB")),
        [
            (
                one.session_id,
                one.total_events,
                show_bare(one.source_date_range.since),
                show_bare(one.source_date_range.until),
            )
            for one in found
        ],
        [_remark(one) for one in found],
    )
    screen.next("python -m replay run SESSION plays one")


def show_manifest(screen: Screen, one: Manifest) -> None:
    """Print all that is known of a session."""
    screen.say(f"session {one.session_id}: {one.total_events} events from {one.source}")
    screen.gap()
    screen.block(
        [
            ("from", show(one.source_date_range.since)),
            ("to", show(one.source_date_range.until)),
            ("made", show(one.created_at)),
            ("made by", one.created_by),
            ("symbols", ", ".join(one.symbols)),
            ("types", ", ".join(one.event_types)),
            ("speed", f"{one.speed_factor:g}"),
            ("notes", one.notes),
            ("found", ", ".join(f"{name} {n}" for name, n in one.found.items())),
            *(("missing", missing) for missing in one.missing),
            ("bad lines", one.bad_lines),
            ("sha256", one.sha256),
        ]
    )
    screen.gap()
    screen.next(f"python -m replay run {one.session_id} plays it")


def show_status(screen: Screen, found: PlayerStatus) -> None:
    """Print where a replay stands."""
    state = "is paused" if found.running and found.paused else "is running" if found.running else "has ended"
    screen.say(
        f"the replay of {found.session_id} {state} at {found.current_event_index} of {found.total_events} events"
    )
    screen.gap()
    screen.block(
        [
            ("begun", _moment(found.started_at)),
            ("last event", _moment(found.last_event_timestamp)),
            ("speed", "as fast as possible" if found.speed_factor is None else f"{found.speed_factor:g}"),
            ("begins anew", "at the end" if found.loop else ""),
            ("late, median ms", f"{found.drift_median_ms:.1f}"),
            ("late, worst ms", f"{found.drift_max_ms:.1f}"),
            ("process", found.pid),
            ("bad lines", found.bad_lines),
        ]
    )
    screen.gap()
    steer = f"pause, resume, step, seek or stop it: python -m replay pause {found.session_id}"
    screen.next(steer if found.running else f"python -m replay run {found.session_id} plays it again")


def _remark(one: Manifest) -> str:
    names = ", ".join(one.symbols[:_MOST_NAMES])
    more = len(one.symbols) - _MOST_NAMES
    named = names + (f" and {more} more" if more > 0 else "")
    return "; ".join(filter(None, [f"from {one.source}", named, one.notes]))


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else show(moment)
