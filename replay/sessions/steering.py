"""Steering a replay from another process: commands and a status file in the session's folder, and a lock.

Commands are lines behind each other, so that none overwrites one that was not carried out yet. Who plays the session
holds the lock, which vanishes with its process: a process id may be another's by the time it is looked at.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from replay.archive.atomic import replace_file
from signaltape.journal.lock import FileLock
from signaltape.replay.controls import Controls, is_speed
from signaltape.replay.player import Player, PlayerStatus
from signaltape.replay.session import UNREADABLE, NoSession, SessionBusy, SessionError

log = logging.getLogger("replay")

STATUS = "status.json"
_CONTROL = "control.jsonl"
#: Held by who plays the session.
LOCK = "run.lock"
_WRITE_STATUS_EVERY_S = 0.5
#: Who asks whether a replay runs holds the lock for a moment, so a replay tries this often to get it.
_LOCK_TRIES = 20
_LOCK_TRY_EVERY_S = 0.01


class Command(Struct):
    """What another process asks for: pause, resume, step, seek (to an event), speed, loop or stop.

    speed: None is as fast as possible.
    """

    action: str
    index: int = 0
    speed: float | None = None
    loop: bool = False


class Steering:
    """The running side: reads commands, writes the status. Give it to a Player as `look`.

    Raises SessionError if the session is being replayed already, OSError.
    """

    def __init__(self, folder: Path, controls: Controls) -> None:
        self._folder = folder
        self._controls = controls
        old = _size(folder / _CONTROL)  # of a replay that died; from the lock on, commands are for this one
        self._lock = _locked(folder)
        _note_end(folder)
        self._commands = (folder / _CONTROL).open("a+b")
        self._commands.seek(min(old, _size(folder / _CONTROL)))
        self._begun = b""
        self._written_at = float("-inf")
        self._told: tuple[object, ...] = ()
        self._failed = False

    def close(self) -> None:
        """No more commands; another replay may begin."""
        self._commands.truncate(0)
        self._commands.close()
        self._lock.release()

    def __call__(self, player: Player) -> None:
        """Carry out new commands, and write the status now and then."""
        *lines, self._begun = (self._begun + self._commands.read()).split(b"\n")
        for line in lines:
            _carry_out(line, self._controls)
        status = player.status
        now = time.monotonic()
        state = _state_of(status)
        if state == self._told and now - self._written_at < _WRITE_STATUS_EVERY_S:
            return
        self._told, self._written_at = state, now
        status.pid = os.getpid() if status.running else None
        try:
            replace_file(self._folder / STATUS, msgspec.json.encode(status))
        except OSError as error:  # a full disk is no reason to end a replay
            if not self._failed:
                log.warning("the status of the replay cannot be written: %s", error)
            self._failed = True


def ask(folder: Path, action: str, index: int = 0, *, speed: float | None = None, loop: bool = False) -> None:
    """Ask the running replay of a session for something. Raises NoSession, SessionBusy if none runs, OSError."""
    if not is_running(folder):
        if not folder.is_dir():
            raise NoSession(f"there is no session {folder.name}")
        raise SessionBusy(f"session {folder.name} is not being replayed")
    with (folder / _CONTROL).open("ab", buffering=0) as file:
        file.write(msgspec.json.encode(Command(action, index, speed, loop)) + b"\n")


def read_status(folder: Path) -> PlayerStatus | None:
    """The status of a session's last replay; None if it was never replayed. Raises SessionError."""
    try:
        return msgspec.json.decode((folder / STATUS).read_bytes(), type=PlayerStatus)
    except FileNotFoundError:
        return None
    except UNREADABLE as error:
        raise SessionError(f"the status of session {folder.name} cannot be read: {error}") from None


def is_running(folder: Path) -> bool:
    """Whether a process plays the session in `folder` now."""
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # another user's: only a replay makes this file
        return True
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _state_of(status: PlayerStatus) -> tuple[object, ...]:
    """What is told at once when it changes: all but how far it is, and of a paused one that, too."""
    index = status.current_event_index if status.paused else None
    return status.running, status.paused, status.speed_factor, status.loop, index


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _locked(folder: Path) -> FileLock:
    lock = FileLock(folder / LOCK)
    for _ in range(_LOCK_TRIES):
        if lock.acquire():
            return lock
        time.sleep(_LOCK_TRY_EVERY_S)  # who asks whether it is running holds the lock for a moment
    raise SessionBusy(f"session {folder.name} is being replayed already")


def _note_end(folder: Path) -> None:
    """If the replay before died, its status still says that it runs: from now on it would be that of another."""
    with suppress(SessionError, OSError):  # unreadable, or a full disk: no reason not to begin
        status = read_status(folder)
        if status is not None and status.running:
            status.running, status.pid = False, None
            replace_file(folder / STATUS, msgspec.json.encode(status))


def _carry_out(line: bytes, controls: Controls) -> None:
    try:
        command = msgspec.json.decode(line, type=Command)
    except UNREADABLE as error:
        log.warning("this is no command to a replay: %s", error)
        return
    if command.action == "seek":
        controls.seek(command.index)
    elif command.action == "speed" and is_speed(command.speed):
        controls.set_speed(command.speed)
    elif command.action == "loop":
        controls.set_loop(command.loop)
    elif command.action in ("pause", "resume", "step", "stop"):
        getattr(controls, command.action)()
