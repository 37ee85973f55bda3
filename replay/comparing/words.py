"""What a comparison says in words, for terminal, page and program alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from replay.comparing.comparing import Compared
from replay.comparing.reading import Run
from signaltape.clock import show


def headline(compared: Compared, *, so_far: bool, missing: int) -> str:
    """The one line that answers."""
    first, counts = compared.first, compared.events
    total = counts.same + counts.different + counts.appeared + counts.vanished
    if first is not None:
        return f"first divergence at event {first.number:,} of {total:,}, {show(first.at)}: {first.said}"
    if missing:
        return f"no divergence in {_events(total)}, but {_events(missing)} of the replay are missing"
    return f"identical{' so far' if so_far else ''}: {_events(total)}"


def notes(run: Run, compared: Compared, until: datetime | None, outside: int, bad: str) -> Iterator[str]:
    """What a reader must know besides, each in one line."""
    if not run.happenings:
        yield "the engine emitted nothing that can be compared"
    if until is not None:
        yield f"{_why_partly(run)}: compared up to {show(until)}"
    if run.missing:
        yield f"missing: {_events(run.missing)}, emitted and not kept (Redis was away, or refused)"
    if run.runs > 1:
        yield f"{run.runs} processes emitted at once: each counts"
    if outside:
        yield f"left out: {_events(outside)} of the replay from outside the session's span"
    if compared.earlier:
        yield f"left out: signals that were published before the session: {compared.earlier}"
    for kind, count in sorted(compared.passed_over.items()):
        yield f"left out: {kind}, of which the replay emitted none (recorded: {count:,})"
    if run.bad:
        yield f"left out: {len(run.bad)} entries of the replay that break the contract, the first {run.bad[0]}"
    if bad:
        yield bad


def _why_partly(run: Run) -> str:
    if run.cut:
        return "the replay was too long to be kept whole"
    return "the replay has not ended" if run.played is None else "the replay was stopped"


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"
