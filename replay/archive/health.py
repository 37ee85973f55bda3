"""Is recording well, is a replay well: OK, WARN or ERROR, with a word why."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from msgspec import Struct

from replay.archive.layout import data_folder
from replay.sessions.sessions import list_sessions, session_folder
from replay.sessions.steering import is_running, read_status
from signaltape.replay.session import SessionError, read_manifest
from signaltape.settings import Settings

#: Less free space than this is a warning.
LEAST_FREE_BYTES = 256 * 1024 * 1024


class Health(Struct):
    """One service."""

    status: str
    message: str = ""


def logging_health(settings: Settings) -> Health:
    """Whether journals and archive can be written: WARN if a disk is full or nearly so."""
    for name, folder in (("journals", settings.home), ("archive", data_folder(settings.data))):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _probe(folder)
            free = shutil.disk_usage(folder).free
        except OSError as error:
            return Health("WARN", f"{name}: {folder} cannot be written: {error.strerror}")
        if free < LEAST_FREE_BYTES:
            return Health("WARN", f"{name}: {free // 1024 // 1024} MiB free under {folder}")
    return Health("OK")


def replay_health(settings: Settings, session_id: str | None = None) -> Health:
    """Of one session, or of all: ERROR if it is unknown or cannot be read, WARN if its replay died."""
    try:
        sessions = (
            [session_id]
            if session_id is not None
            else [one.session_id for one in list_sessions(settings.data)]
        )
        for one in sessions:
            folder = session_folder(settings.data, one)
            read_manifest(folder)
            status = read_status(folder)
            if status is not None and status.running and not is_running(folder):
                return Health(
                    "WARN", f"the replay of {one} ended without stopping at {status.current_event_index}"
                )
    except SessionError as error:
        return Health("ERROR", str(error))
    return Health("OK")


def _probe(folder: Path) -> None:
    """Write a block: a full disk may still open a file."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)
