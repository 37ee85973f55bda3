"""What a comparison says in words, for terminal, page and program alike. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from replay.comparing.judging import Judged
from signaltape.clock import show


def headline(judged: Judged) -> str:
    """The one line that answers."""
    first, counts = judged.found.first, judged.found.events
    total = counts.same + counts.different + counts.appeared + counts.vanished
    if judged.verdict == "unknown":
        return f"cannot be said: {judged.why}"
    if first is not None:
        return f"first divergence at event {first.number:,} of {total:,}, {show(first.at)}: {first.said}"
    return f"identical: {_events(total)}"


def notes(judged: Judged, bad_entries: Sequence[str], outside: int, bad: str) -> Iterator[str]:
    """What a reader must know besides, each in one line."""
    compared = judged.found
    yield from _how_far(judged)
    if outside:
        yield f"left out: {_events(outside)} of the replay from outside the session's span"
    if compared.earlier:
        yield f"left out: signals that were published before the session: {compared.earlier}"
    for kind, count in sorted(compared.passed_over.items()):
        yield f"left out: {kind}, of which the replay emitted none (recorded: {count:,})"
    if bad_entries:
        yield f"left out: {len(bad_entries)} entries of the replay that break the contract, the first {bad_entries[0]}"
    if bad:
        yield bad


def _how_far(judged: Judged) -> Iterator[str]:
    first, counts = judged.found.first, judged.found.events
    if judged.why is None or judged.until is None:
        if not judged.sure:
            yield "what is kept is compared all the same: no difference in it is one for sure"
    elif first is None:
        yield f"no difference as far as it is known: {_events(counts.same)}, up to {show(judged.until)}"
    else:
        yield f"{judged.why}: compared up to {show(judged.until)}"


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"
