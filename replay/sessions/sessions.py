"""Sessions on disk: finding, listing and deleting them. Their ids come from outside and never leave their folder."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from replay.archive.layout import sessions_folder
from replay.sessions.steering import LOCK
from signaltape.journal.lock import FileLock
from signaltape.replay.session import Manifest, NoSession, SessionBusy, SessionError, read_manifest

__all__ = ["HIDDEN", "delete_session", "list_sessions", "read_manifest", "session_folder"]

#: A session that is being built lies in a folder that begins so.
HIDDEN = ".building-"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def session_folder(data: Path, session_id: str) -> Path:
    """The folder of a session, whether it is there or not. Raises SessionError for what cannot be an id."""
    if not _ID.fullmatch(session_id):
        raise NoSession(
            "a session id is made of letters, digits, '.', '_' and '-', at most 64, and begins with a letter or digit;"
            f" got {session_id!r}"
        )
    return sessions_folder(data) / session_id


def list_sessions(data: Path) -> list[Manifest]:
    """The manifests of all sessions that can be read, oldest first."""
    folder = sessions_folder(data)
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            found.append(read_manifest(path))
        except SessionError:
            continue
    return sorted(found, key=lambda one: one.created_at)


def delete_session(folder: Path) -> None:
    """Delete a session. Raises SessionError if there is none, or it is being replayed; OSError.

    It is gone at once, whatever becomes of this process: what is hidden is deleted by retention.
    """
    if not folder.is_dir():
        raise NoSession(f"there is no session {folder.name}")
    hidden = folder
    if not folder.name.startswith(HIDDEN):
        hidden = folder.with_name(f"{HIDDEN}{folder.name}")
        lock = FileLock(folder / LOCK)  # none begins to play it meanwhile
        if not lock.acquire():
            raise SessionBusy(f"session {folder.name} is being replayed; stop it first")
        try:
            folder.rename(hidden)
        finally:
            lock.release()
    shutil.rmtree(hidden)
