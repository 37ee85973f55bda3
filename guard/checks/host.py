"""Figures of this machine: room on its disks, journals that wait, memory of processes, replays that died.

Only what lies here is seen: a guard beside the engine sees its journal, one on another machine does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from guard.model.findings import Checked
from signaltape.control import Process
from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import journal_folders
from signaltape.journal.lock import is_held
from signaltape.journal.segment import segment_numbers, segment_path
from signaltape.replay.player import PlayerStatus
from signaltape.settings import Settings

_MIB = 2**20
_A_DAY_S = 86_400
#: Below SIGNALTAPE_DATA: where sessions lie, what a replay of one says of itself, and what it holds while it runs.
_SESSIONS, _STATUS, _LOCK = "data/replay/sessions", "status.json", "run.lock"


def disks(settings: Settings) -> Iterator[Checked]:
    """Room that is left, in percent, of each disk that something is written to; one that is not there is left out."""
    devices: set[int] = set()
    for name, folder in (("SIGNALTAPE_HOME", settings.home), ("SIGNALTAPE_DATA", settings.data)):
        there = _nearest(folder)
        device = there.stat().st_dev
        if device not in devices:
            devices.add(device)
            room = os.statvfs(there)
            # of what an ordinary user may have: what is kept for root is no room
            usable = room.f_blocks - room.f_bfree + room.f_bavail
            yield Checked("disk_free_pct", name, 100.0 * room.f_bavail / usable if usable else 0.0)


def _nearest(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def journals(settings: Settings) -> Iterator[Checked]:
    """Bytes that wait in all journals of this home: segments behind the one that is being shipped.

    The last segment is as large as it will ever be from its beginning, so what waits in it alone counts as nothing.
    """
    waiting = sum(_waiting_bytes(folder) for folder in journal_folders(settings.home))
    yield Checked("journal_backlog_bytes", "SIGNALTAPE_HOME", float(waiting))


def _waiting_bytes(folder: Path) -> int:
    shipping = read_cursor(folder).segment
    return sum(_size(segment_path(folder, one)) for one in segment_numbers(folder) if one > shipping)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # shipped and removed meanwhile
        return 0


def memory(processes: Iterable[Process], host: str) -> Iterator[Checked]:
    """MiB that each process of this machine holds, by its name; of a role with several the largest."""
    found: dict[str, float] = {}
    for one in processes:
        resident = _resident_mib(one.pid) if one.host == host else None
        if resident is not None:
            found[one.role] = max(resident, found.get(one.role, 0.0))
    return (Checked("memory_mb", role, mib) for role, mib in found.items())


def _resident_mib(pid: int) -> float | None:
    """None for a process that has ended, and where there is no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / _MIB


def replays(settings: Settings, now: datetime) -> Iterator[Checked]:
    """How many replays of this machine ended without stopping within a day, or left a status that cannot be read."""
    folder = settings.data / _SESSIONS
    found = folder.iterdir() if folder.is_dir() else ()
    yield Checked("replay_errors", "replays", float(sum(_has_died(one, now) for one in found)))


def _has_died(session: Path, now: datetime) -> bool:
    try:
        written = (session / _STATUS).stat().st_mtime
        status = msgspec.json.decode((session / _STATUS).read_bytes(), type=PlayerStatus)
    except (FileNotFoundError, NotADirectoryError):  # never replayed
        return False
    except msgspec.MsgspecError:
        return now.timestamp() - written < _A_DAY_S
    died = status.running and not is_held(session / _LOCK)
    return died and now.timestamp() - written < _A_DAY_S
