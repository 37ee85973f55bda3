"""What `diff` shows to a person."""

from __future__ import annotations

from decimal import Decimal

from replay.comparing.judging import Verdict
from replay.comparing.naming import as_text
from replay.comparing.outcomes import SignalCounts
from replay.comparing.shapes import Divergence
from replay.operations.diff import SessionDiff
from signaltape.clock import show, show_bare
from signaltape.terminal import NOTHING_TO_DO, Screen, left, right
from signaltape.terminal.screen import Style

#: So many signals stand in the table; `--json` has more.
_MOST_ROWS = 40
_STYLES: dict[Verdict, Style] = {"identical": "good", "different": "bad", "unknown": "warn"}
_SHORT = {"hard_invalidate": "invalid"}


def show_diff(screen: Screen, found: SessionDiff) -> None:
    """Print a comparison: its answer, where it parts first, what became of the signals, what to know besides."""
    screen.say(found.said, _STYLES[found.verdict])
    if found.began is not None:
        screen.say(f"the replay began {show(found.began)}")
    screen.gap()
    if found.first is not None:
        if found.verdict == "unknown":
            screen.say(found.first.said)
        _show_first(screen, found.first)
    _show_signals(screen, found)
    for note in found.notes:
        screen.say(note, mark="  ")
    screen.next(_next(found))


def _show_first(screen: Screen, first: Divergence) -> None:
    other = first.replayed_signal_id if first.replayed_signal_id != first.signal_id else None
    known = [
        ("signal", first.signal_id),
        ("signal in the replay", other),
        ("event of the session", first.index),
    ]
    screen.block([(name, value) for name, value in known if value is not None])
    rows = [(one.field, *map(as_text, one.values)) for one in first.fields]
    screen.table((left("field"), left("recorded"), left("replayed")), rows)
    screen.gap()


def _show_signals(screen: Screen, found: SessionDiff) -> None:
    counts = found.signals
    r = (_r(one) for one in (counts.recorded_r, counts.replayed_r, counts.difference))
    screen.block(
        [
            ("signals", f"{counts.recorded:,} recorded, {counts.replayed:,} replayed"),
            ("of these", f"{counts.same:,} the same, {_parting(counts)}"),
            ("R", "{} recorded, {} replayed, difference {}".format(*r)),
        ]
    )
    heads = (left("signal"), left("what", 13), left("symbol", 8), left("at, WIB"))
    screen.table((*heads, right("rec. R"), right("repl. R"), right("diff. R")), _rows(found))
    hidden = len(found.changes) - _MOST_ROWS
    if hidden > 0:
        screen.say(f"{hidden} more: --json")


def _rows(found: SessionDiff) -> list[tuple[object, ...]]:
    return [
        (
            one.signal_id or one.replayed_signal_id,
            one.what,
            one.symbol,
            show_bare(one.at)[5:16],
            _end(one.recorded_outcome, one.recorded_r),
            _end(one.replayed_outcome, one.replayed_r),
            _r(one.difference),
        )
        for one in found.changes[:_MOST_ROWS]
    ]


def _parting(counts: SignalCounts) -> str:
    return f"{counts.appeared:,} appeared, {counts.vanished:,} vanished, {counts.other_outcome:,} ended otherwise"


def _end(outcome: str | None, r: Decimal | None) -> str | None:
    return _SHORT.get(outcome or "", outcome) if r is None else _r(r)


def _r(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:+.2f}"


def _next(found: SessionDiff) -> str:
    if found.identical:
        return NOTHING_TO_DO
    if found.verdict == "unknown":
        return f"to know it, play {found.session_id} to its end to an engine that is started anew"
    if found.first is not None and found.first.index is not None:
        return f"python -m replay seek {found.session_id} {found.first.index} goes there, if it runs"
    return "python -m replay diff --json has every field"
