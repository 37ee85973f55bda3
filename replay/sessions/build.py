"""Building a session: events of a span from a source, sorted by time and then id, in constant memory."""

from __future__ import annotations

import getpass
import hashlib
import heapq
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from replay.archive.layout import sessions_folder
from replay.sessions.sessions import HIDDEN
from replay.sessions.sources import Keyed, Source, Span
from signaltape.clock import WIB
from signaltape.replay.line import BadLine, Head, read_heads, split
from signaltape.replay.session import EVENTS, MANIFEST, DateRange, Manifest

#: So many lines are sorted in memory at once; more go to disk in sorted runs that are then merged.
RUN_LINES = 100_000
#: So many runs are merged at once: each is an open file.
_MOST_RUNS = 200
#: So many lines are written, and told of, at once.
_AT_ONCE = 1000


def build(
    data: Path,
    source: Source,
    span: Span,
    *,
    now: datetime,
    notes: str = "",
    speed_factor: float = 1.0,
    max_events: int | None = None,
    found: dict[str, int] | None = None,
    missing: Sequence[str] = (),
    session_id: str | None = None,
    created_by: str | None = None,
    progress: Callable[[str, int], None] = lambda _what, _done: None,
) -> Manifest:
    """Build a session; it appears whole or not at all. Returns its manifest.

    data: SIGNALTAPE_DATA; found, missing, created_by: for the manifest; session_id: as `new_session_id` made it;
    progress: called with what is done and how far it is. Raises OSError, and what the source raises.
    """
    folder = sessions_folder(data)
    folder.mkdir(parents=True, exist_ok=True)
    session_id = session_id or new_session_id(now)
    hidden = Path(tempfile.mkdtemp(prefix=HIDDEN, dir=folder))
    try:
        ordered = islice(_distinct(_sorted(source.lines(span), hidden, progress)), max_events)
        total, digest, symbols, types = _write(hidden / EVENTS, ordered, progress)
        manifest = Manifest(
            session_id=session_id,
            created_at=now,
            created_by=created_by or _user(),
            source_date_range=DateRange(span.since, span.until),
            symbols=sorted(symbols),
            event_types=sorted(types),
            speed_factor=speed_factor,
            notes=notes,
            total_events=total,
            source=source.name,
            sha256=digest,
            found=found or {},
            missing=[*missing, *([] if max_events else _gone(source.name, found or {}, total))],
            bad_lines=source.bad.count,
        )
        (hidden / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        hidden.chmod(0o755)
        hidden.rename(folder / session_id)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    return manifest


def new_session_id(now: datetime) -> str:
    """An id that no session has."""
    return f"{now.astimezone(WIB):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def _sorted(lines: Iterator[Keyed], folder: Path, progress: Callable[[str, int], None]) -> Iterator[Keyed]:
    """Sort any number of lines: an external merge sort with runs of RUN_LINES."""
    runs: list[Path] = []
    read = 0
    while run := list(islice(lines, RUN_LINES)):
        run.sort()
        read += len(run)
        progress("read", read)
        if not runs and len(run) < RUN_LINES:
            yield from run
            return
        runs.append(_write_run(folder / f"run-{read}", iter(run)))
        del run
        if len(runs) == _MOST_RUNS:  # no process may open any number of files
            runs = [_write_run(folder / f"runs-{read}", _merged(runs))]
    yield from _merged(runs)


def _write_run(path: Path, lines: Iterator[Keyed]) -> Path:
    with path.open("wb") as file:
        while some := list(islice(lines, _AT_ONCE)):
            file.write(_joined([line for _, _, line, _ in some]))
    return path


def _merged(runs: list[Path]) -> Iterator[Keyed]:
    """The lines of sorted runs in order; the runs are gone then."""
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("rb")) for path in runs]
        yield from heapq.merge(*(_keyed(file) for file in files))
    for path in runs:
        path.unlink()


def _keyed(file: BinaryIO) -> Iterator[Keyed]:
    def refuse(_number: int, error: BadLine) -> None:  # it was read before it was written here
        raise error

    for heads, lines in read_heads(split(file.read), refuse):
        yield from [
            (head.ts, head.line_id, line, head) for head, line in zip(heads, lines, strict=True) if head
        ]


def _distinct(ordered: Iterator[Keyed]) -> Iterator[tuple[bytes, Head]]:
    """Each event once: the same id at the same time is the same event."""
    before: tuple[str, str] | None = None
    for ts, line_id, line, head in ordered:
        if (ts, line_id) != before:
            yield line, head
            before = (ts, line_id)


def _write(
    path: Path, lines: Iterator[tuple[bytes, Head]], progress: Callable[[str, int], None]
) -> tuple[int, str, set[str], set[str]]:
    digest = hashlib.sha256()
    symbols: set[str] = set()
    types: set[str] = set()
    total = 0
    with path.open("wb") as file:
        while some := list(islice(lines, _AT_ONCE)):
            types.update({head.type for _, head in some})
            symbols.update({head.symbol for _, head in some if head.symbol is not None})
            raw = _joined([line for line, _ in some])
            digest.update(raw)
            file.write(raw)
            total += len(some)
            progress("written", total)
    progress("written", total)
    return total, digest.hexdigest(), symbols, types


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join(lines) + b"\n"


def _gone(name: str, found: dict[str, int], total: int) -> list[str]:
    counted = found.get(name, 0)
    if total >= counted:
        return []
    return [
        f"{counted - total} of {counted} events, which {name} held when they were counted, are not there any more"
    ]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"
