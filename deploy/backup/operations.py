"""Backups, as plain functions: make one, look whether it is whole, restore it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from msgspec import Struct

from deploy.backup import archive, database
from deploy.backup.database import DUMP, Progress, one_moment
from deploy.backup.folders import new_backup, readable, remove_old
from deploy.backup.manifest import VERSION, Kept, Manifest, write_manifest
from deploy.backup.resuming import resume_from
from deploy.backup.whole import digest_of
from deploy.backup.whole import verify as read_all
from replay.plain_errors import plain_errors
from signaltape.settings import Secret, Settings
from sink.db import connect, database_url

Part = Literal["database", "archive"]


class Made(Struct):
    """A backup that was made, and the old ones that went."""

    folder: str
    manifest: Manifest
    removed: list[str]


class Restored(Struct):
    """What was restored: rows and files, and where the stream goes on."""

    rows: int
    files: int
    made_at: datetime
    resume_from: str
    #: tables whose number of rows is another than the backup says: (it says, there are)
    differing: dict[str, tuple[int, int]]


@plain_errors()
def make(settings: Settings, place: Path, now: datetime, *, keep: int = 0, progress: Progress) -> Made:
    """Back up the database of DATABASE_URL, and the archive under SIGNALTAPE_DATA if there is one, into `place`.

    All processes may go on writing. now: names it; keep: delete all but so many backups then (0: none).
    Raises BackupError, Unavailable.
    """
    url = database_url(settings)
    with new_backup(place, now) as (folder, final):
        earlier, before = _last(place)
        # asked first: what is acknowledged then is committed, so the moment that follows holds it
        since = resume_from(settings)
        with one_moment(url) as moment:
            # counted first: from then on its locks keep retention from dropping a partition that the dump holds
            tables = database.count_rows(moment.connection)
            database.dump(url, moment, folder / DUMP, progress)
        with archive.held(settings.data) as files:
            kept = archive.copy_all(files, folder, before, earlier, progress)
        kept = {DUMP: digest_of(folder / DUMP), **kept}
        manifest = Manifest(VERSION, now, moment.migration, since, tables, kept)
        write_manifest(folder, manifest)
    database.stamp(url, "backup", now, final.name)
    removed = remove_old(place, keep, final) if keep else []
    return Made(str(final), manifest, [path.name for path in removed])


def _last(place: Path) -> tuple[Path | None, dict[str, Kept]]:
    found = readable(place)
    return (found[-1][0], found[-1][1].files) if found else (None, {})


@plain_errors()
def verify(folder: Path, *, progress: Progress) -> Manifest:
    """Read all of a backup. Raises BackupError, one line that says what is wrong."""
    return read_all(folder, progress)


@plain_errors()
def restore(
    settings: Settings, folder: Path, now: datetime, *, only: Part | None = None, progress: Progress
) -> Restored:
    """Restore a backup into an empty database and a folder without an archive. Raises BackupError, Unavailable.

    Nothing is begun before all of the backup was read, and both places were found empty. only: one of both parts.
    """
    manifest = read_all(folder, progress)
    if only != "archive":
        database.refuse_a_used_one(database_url(settings))
    if only != "database":
        archive.refuse_a_used_one(settings.data)
    restored = Restored(0, 0, manifest.made_at, manifest.resume_from, {})
    if only != "archive":
        _restore_database(database_url(settings), folder, manifest, restored, progress)
        database.stamp(database_url(settings), "restore", now, folder.name)
    if only != "database":
        restored.files = archive.put_back(folder, manifest.files, settings.data, progress)
    return restored


def _restore_database(
    url: Secret, folder: Path, manifest: Manifest, restored: Restored, progress: Progress
) -> None:
    database.restore(url, folder / DUMP, progress)
    with connect(url, name="signaltape-backup") as connection:
        there = database.count_rows(connection)
    restored.rows = sum(there.values())
    restored.differing = {
        name: (manifest.tables.get(name, 0), there.get(name, 0))
        for name in sorted(manifest.tables.keys() | there.keys())
        if manifest.tables.get(name, 0) != there.get(name, 0)
    }
