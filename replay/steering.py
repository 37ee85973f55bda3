"""Steering a replay from another process: a control file in the session's folder, and a status file beside it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from replay.atomic import replace_file
from signaltape.replay.player import Controls, Player, PlayerStatus
from signaltape.replay.session import SessionError

STATUS = "status.json"
_CONTROL = "control.json"
_WRITE_STATUS_EVERY_S = 0.5


class Command(Struct):
    """What another process asks for: pause, resume, step, seek (to an event) or stop."""

    action: str
    index: int = 0
    number: int = 0


class Steering:
    """The running side: reads commands, writes the status. Give it to a Player as `look`."""

    def __init__(self, folder: Path, controls: Controls) -> None:
        self._folder = folder
        self._controls = controls
        self._seen = _read_command(folder)
        self._written_at = float("-inf")
        self._was_running = False

    def __call__(self, player: Player) -> None:
        """Carry out a new command, and write the status now and then."""
        command = _read_command(self._folder)
        if command is not None and command != self._seen:
            self._seen = command
            _carry_out(command, self._controls)
        status = player.status
        now = time.monotonic()
        if status.running == self._was_running and now - self._written_at < _WRITE_STATUS_EVERY_S:
            return
        self._was_running, self._written_at = status.running, now
        status.pid = os.getpid() if status.running else None
        replace_file(self._folder / STATUS, msgspec.json.encode(status))


def ask(folder: Path, action: str, index: int = 0) -> None:
    """Ask the running replay of a session for something. Raises SessionError if none runs."""
    status = read_status(folder)
    if status is None or not is_running(status):
        raise SessionError(f"session {folder.name} is not being replayed")
    before = _read_command(folder)
    number = before.number + 1 if before is not None else 1
    replace_file(folder / _CONTROL, msgspec.json.encode(Command(action, index, number)))


def read_status(folder: Path) -> PlayerStatus | None:
    """The status of a session's last replay; None if it was never replayed. Raises SessionError."""
    try:
        return msgspec.json.decode((folder / STATUS).read_bytes(), type=PlayerStatus)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise SessionError(f"the status of session {folder.name} cannot be read: {error}") from None


def is_running(status: PlayerStatus) -> bool:
    """Whether the process that plays it still lives."""
    if not status.running or status.pid is None:
        return False
    try:
        os.kill(status.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_command(folder: Path) -> Command | None:
    try:
        return msgspec.json.decode((folder / _CONTROL).read_bytes(), type=Command)
    except (OSError, msgspec.MsgspecError):
        return None


def _carry_out(command: Command, controls: Controls) -> None:
    if command.action == "seek":
        controls.seek(command.index)
    elif command.action in ("pause", "resume", "step", "stop"):
        getattr(controls, command.action)()
