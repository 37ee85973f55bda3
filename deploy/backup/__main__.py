"""`python -m deploy.backup`: make, verify, restore, list."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click

from deploy.backup import operations
from deploy.backup.database import Progress
from deploy.backup.folders import backups, readable
from deploy.backup.manifest import Manifest
from deploy.backup.operations import Made, Part, Restored
from replay.counting import counting
from signaltape.clock import show, utc_now
from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import PlainGroup, json_option

_MIB = 1 << 20
_FOLDER = click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Back up database and archive, and restore them. Reads DATABASE_URL, REDIS_URL and SIGNALTAPE_DATA."""
    begin_command()


@main.command()
@click.option(
    "--to", "place", type=click.Path(path_type=Path), help="Folder of backups. Default: in SIGNALTAPE_HOME."
)
@click.option("--keep", type=click.IntRange(1), help="Delete all but the last so many. Default: delete none.")
@json_option
def make(place: Path | None, keep: int | None, as_json: bool) -> None:
    """Make a backup; everything may go on meanwhile.

    A folder `backup-…` with the database as of one moment (pg_dump), the archive's files as far as they are committed,
    and a manifest. On another disk or machine it is worth most: copy the folder there.
    """
    settings = Settings.from_env()
    with _progress("backing up") as tell:
        done = operations.make(settings, _place(place, settings), utc_now(), keep=keep or 0, progress=tell)
    if as_json:
        print_json(done)
    else:
        _show_made(Screen(), done)


@main.command()
@_FOLDER
@json_option
def verify(folder: Path, as_json: bool) -> None:
    """Read all of a backup: is every file there, as it was? Exit code 1 if not."""
    with _progress("reading") as tell:
        manifest = operations.verify(folder, progress=tell)
    if as_json:
        print_json(manifest)
        return
    screen = Screen()
    screen.say(f"{folder.name} is whole", "good")
    _show_manifest(screen, manifest)
    screen.next(NOTHING_TO_DO)


@main.command()
@_FOLDER
@click.option("--only", type=click.Choice(get_args(Part)), help="Restore one of both. Default: both.")
@json_option
def restore(folder: Path, only: Part | None, as_json: bool) -> None:
    """Restore a backup: into an empty database, and a SIGNALTAPE_DATA without an archive.

    Exit code 1, and nothing is changed, if one of them is not empty or the backup is not whole. What came after the
    backup is read again from the stream, as the last line says.
    """
    with _progress("restoring") as tell:
        done = operations.restore(Settings.from_env(), folder, utc_now(), only=only, progress=tell)
    if as_json:
        print_json(done)
    else:
        _show_restored(Screen(), done, only)
    sys.exit(1 if done.differing else 0)


@main.command(name="list")
@click.option(
    "--to", "place", type=click.Path(path_type=Path), help="Folder of backups. Default: in SIGNALTAPE_HOME."
)
@json_option
def list_(place: Path | None, as_json: bool) -> None:
    """The backups in a folder, the newest first."""
    folder = _place(place, Settings.from_env())
    found = readable(folder)[::-1]
    broken = sorted({*backups(folder)} - {path for path, _ in found})
    if as_json:
        print_json({str(path): manifest for path, manifest in found})
        return
    screen = Screen()
    screen.say(f"{len(found)} backups", "" if found else "warn")
    screen.table(
        (left("folder"), left("made"), right("rows"), right("MiB")),
        [(path.name, show(one.made_at), one.rows, f"{one.size_bytes / _MIB:.1f}") for path, one in found],
    )
    for path in broken:
        screen.say(f"{path.name} cannot be read", "bad")
    screen.next(
        "python -m deploy.backup verify FOLDER reads one" if found else "python -m deploy.backup make"
    )


def _place(given: Path | None, settings: Settings) -> Path:
    return given if given is not None else settings.home / "backups"


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    with counting(title) as tell:
        yield tell


def _show_made(screen: Screen, done: Made) -> None:
    screen.say(f"backed up into {done.folder}", "good")
    _show_manifest(screen, done.manifest)
    screen.block([("removed", name) for name in done.removed])
    screen.next("copy the folder to another machine")


def _show_manifest(screen: Screen, manifest: Manifest) -> None:
    screen.gap()
    screen.block(
        [
            ("made", show(manifest.made_at)),
            ("rows", f"{manifest.rows} in {len(manifest.tables)} tables, schema {manifest.migration:04d}"),
            ("files", f"{len(manifest.files)}, {manifest.size_bytes / _MIB:.1f} MiB"),
            ("stream goes on at", manifest.resume_from),
        ]
    )
    screen.gap()


def _show_restored(screen: Screen, done: Restored, only: Part | None) -> None:
    wrong = ", ".join(f"{name}: {there} of {said}" for name, (said, there) in done.differing.items())
    if wrong:
        screen.say(f"restored, but not all rows are there: {wrong}", "bad")
    else:
        screen.say(f"restored as of {show(done.made_at)}", "good")
    screen.gap()
    rows = [("rows", done.rows), ("stream goes on at", done.resume_from)] if only != "archive" else []
    screen.block([*rows, ("files of the archive", done.files)])
    screen.gap()
    if only == "archive":
        screen.next(NOTHING_TO_DO)
    else:
        screen.next(f"python -m sink migrate, then python -m replay stream --from {done.resume_from}")


if __name__ == "__main__":
    main()
