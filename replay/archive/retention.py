"""Retention: what is kept how long, the summary that stays, compression, and old partitions of `records`."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from replay.archive.atomic import sync_names, write_beside
from replay.archive.files import archive_files, read_heads, read_lines
from replay.archive.keeping import Keep, Report, attempt
from replay.archive.layout import FOLDERS, SESSIONS, SIGNALS, data_folder, day_of, sessions_folder
from replay.archive.ledger import Ledger
from replay.archive.ledger_files import IDS_KEPT_S
from replay.archive.packed import COMPRESSED, check_whole, pack
from replay.archive.summary import Summary
from replay.sessions.sessions import HIDDEN, delete_session, read_manifest
from replay.sessions.steering import is_running
from signaltape.clock import WIB
from signaltape.contract.record_base import Group
from signaltape.plain_errors import one_line
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import Head
from signaltape.replay.session import UNREADABLE
from sink.admin.retention import drop_partitions
from sink.db import Connection

log = logging.getLogger("replay")

#: No build takes so long.
_DEAD_BUILD_AFTER = timedelta(days=1)
_CHUNK_BYTES = 1 << 20


def apply(
    data: Path, keep: Keep, now: datetime, *, dry_run: bool = False, connection: Connection | None = None
) -> Report:
    """Delete what is past its time, after summing it up. One bad file or step does not stop the others.

    data: SIGNALTAPE_DATA; connection: to drop old partitions of `records` too.
    """
    report = Report(timestamp=now, dryRun=dry_run)
    attempt(report, "archive", partial(_archive, data_folder(data), keep, now, report))
    attempt(report, "sessions", partial(_sessions, data, keep.sessions, now, report))
    if connection is not None:
        attempt(report, "postgres", partial(old_partitions, connection, keep, now, report))
    return report


def old_partitions(connection: Connection, keep: Keep, now: datetime, report: Report) -> None:
    """Drop partitions of `records` that are past their time. Raises psycopg.Error."""
    limits = {
        group: _limit(group, kept, now)
        for group, kept in keep.by_group.items()
        if kept is not None and group != SIGNALS
    }
    report.droppedPartitions = drop_partitions(connection, limits, dry_run=report.dryRun)


def _archive(root: Path, keep: Keep, now: datetime, report: Report) -> None:
    with closing(Ledger(root)) as ledger:
        for group, kept in keep.by_group.items():
            for path in archive_files(root, FOLDERS[group]):
                treat = partial(_treat, _File(root, path, group), ledger, keep, kept, now, report)
                _guarded(report, path, treat)
        if not report.dryRun:
            ledger.forget_ids(IDS_KEPT_S)


class _File(NamedTuple):
    root: Path
    path: Path
    group: str

    @property
    def name(self) -> str:
        return str(self.path.relative_to(self.root))


def _limit(group: str, kept: timedelta, now: datetime) -> datetime:
    """What is older than this goes: whole WIB days, but of the market to the hour."""
    if group == Group.MARKET:
        return now - kept
    day = (now - kept).astimezone(WIB).date()
    return datetime.combine(day, time.min, WIB)


def _guarded(report: Report, path: Path, work: Callable[[], None]) -> None:
    try:
        work()
    except sqlite3.Error:  # not this file's fault
        raise
    except Exception as error:  # noqa: BLE001 - reported; the other files must not wait for this one
        if isinstance(error, FileNotFoundError) and not path.exists():
            log.info("%s was deleted or compressed by another retention meanwhile", path)
            return
        report.errors.append(f"{path.name}: {one_line(error)}")
        log.warning("retention leaves %s alone: %s", path, error)


def _treat(
    file: _File, ledger: Ledger, keep: Keep, kept: timedelta | None, now: datetime, report: Report
) -> None:
    day = None if file.group == Group.EVENTS else day_of(file.path)
    limit = None if kept is None else _limit(file.group, kept, now)
    if day is None:
        if limit is not None:
            _drop_old_lines(file, ledger, limit, report)
        return
    end = datetime.combine(day + timedelta(days=1), time.min, WIB)
    if limit is not None and end <= limit:
        _delete(file, ledger, day, report)
        return
    if file.path.suffix != COMPRESSED and end + keep.compress_after <= now:
        if not report.dryRun:
            _compress(file, ledger)
        report.compressedFiles.append(file.name)
    report.keptFiles += 1


def _delete(file: _File, ledger: Ledger, day: date, report: Report) -> None:
    if not report.dryRun:
        _sum_up_and_delete(file, ledger, day, report)
    report.deletedFiles.append(file.name)


def _sum_up_and_delete(file: _File, ledger: Ledger, day: date, report: Report) -> None:
    with ledger.transaction():
        summary = _summary(file, str(day), report)
        bad = BadLines()
        for head, line in read_heads(file.root, ledger, file.path, bad):
            summary.add(head, line)
        report.errors.extend(bad.named)
        _plan_summary(file.root, ledger, summary)
        ledger.plan_delete(file.name)
        ledger.drop_file(file.name)


def _summary(file: _File, day: str, report: Report) -> Summary:
    """The summary of a day, with what an earlier run left of it; begun anew if that cannot be read."""
    summary = Summary(file.root, file.group, day)
    try:
        summary.read()
    except UNREADABLE as error:
        name = summary.path.relative_to(file.root)
        report.errors.append(f"{name}: begun anew, it could not be read: {error}")
    return summary


def _drop_old_lines(file: _File, ledger: Ledger, limit: datetime, report: Report) -> None:
    """A file without days (state events of a symbol) loses its old lines; what stays is written anew."""
    with ledger.transaction():
        old = kept = kept_bytes = 0
        days: dict[str, Summary] = {}
        bad = BadLines()
        for when, head, line in _aged(file, ledger, limit, bad):
            if when >= limit:
                kept, kept_bytes = kept + 1, kept_bytes + len(line) + 1
                continue
            old += 1
            day = str(when.astimezone(WIB).date())
            if day not in days:
                days[day] = _summary(file, day, report)
            days[day].add(head, line)
        report.errors.extend(bad.named)
        if kept:
            report.keptFiles += 1
        else:
            report.deletedFiles.append(file.name)
        if not old or report.dryRun:
            return
        for summary in days.values():
            _plan_summary(file.root, ledger, summary)
        if kept:
            stays = (
                line + b"\n" for when, _, line in _aged(file, ledger, limit, BadLines()) if when >= limit
            )
            packed = file.path.suffix == COMPRESSED  # by hand
            _plan(file.root, ledger, file.path, write_beside(file.path, pack(stays) if packed else stays))
            if not packed:
                ledger.set_length(file.name, kept_bytes)
        else:
            ledger.plan_delete(file.name)
            ledger.drop_file(file.name)


def _aged(
    file: _File, ledger: Ledger, limit: datetime, bad: BadLines
) -> Iterator[tuple[datetime, Head | None, bytes]]:
    """Lines with their times. A bad line is as old as the one before it; the first of a file stays."""
    when = limit
    for head, line in read_heads(file.root, ledger, file.path, bad):
        when = when if head is None else head.at
        yield when, head, line


def _compress(file: _File, ledger: Ledger) -> None:
    """To `.zst`; lines that came late, after an earlier compression, are added as a frame of their own."""
    check_whole(target := file.path.with_name(file.path.name + COMPRESSED))
    with ledger.transaction():
        plain = (line + b"\n" for line in read_lines(file.root, ledger, file.path))
        hidden = write_beside(target, chain(_chunks(target), pack(plain)))
        if ledger.knows(name := str(target.relative_to(file.root))):  # else its ids are not known either
            ledger.set_length(name, hidden.stat().st_size)
        _plan(file.root, ledger, target, hidden)
        ledger.plan_delete(file.name)
        ledger.drop_file(file.name)


def _chunks(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as file:
            yield from iter(partial(file.read, _CHUNK_BYTES), b"")


def _plan_summary(root: Path, ledger: Ledger, summary: Summary) -> None:
    summary.path.parent.mkdir(parents=True, exist_ok=True)
    _plan(root, ledger, summary.path, write_beside(summary.path, [summary.encode()]))


def _plan(root: Path, ledger: Ledger, target: Path, hidden: Path) -> None:
    sync_names(hidden, root)  # a plan whose file is not there counts as carried out
    ledger.plan_replace(str(target.relative_to(root)), str(hidden.relative_to(root)))


def _sessions(data: Path, kept: timedelta, now: datetime, report: Report) -> None:
    folder = sessions_folder(data)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        attempt(report, f"session {path.name}", partial(_session, path, kept, now, report))


def _session(path: Path, kept: timedelta, now: datetime, report: Report) -> None:
    if path.name.startswith(HIDDEN):  # a build that died
        old = path.stat().st_mtime < (now - _DEAD_BUILD_AFTER).timestamp()
    else:
        old = read_manifest(path).created_at < now - kept and not is_running(path)
    if not old:
        report.keptFiles += 1
        return
    if not report.dryRun:
        delete_session(path)
    report.deletedFiles.append(f"{SESSIONS}/{path.name}")
