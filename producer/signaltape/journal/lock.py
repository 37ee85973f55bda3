"""Who holds a journal: advisory locks that vanish with their process, however it ends."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

#: Our open descriptors of lock files. A forked child closes its copies: it would hold the locks on.
_open_fds: set[int] = set()
#: How often this process began to fork, and which of its threads are about it.
_forks = 0
_forking: set[int] = set()


class FileLock:
    """An exclusive flock on a file. It is inherited neither over exec nor by a forked child."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it. False if another holder lives, or the folder is gone or not ours."""
        try:
            fd = _open(self._path, os.O_RDWR | os.O_CREAT)
        except (FileNotFoundError, PermissionError):
            return False
        if not _flock(fd, fcntl.LOCK_EX):
            _close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back."""
        fd, self._fd = self._fd, None
        if fd in _open_fds:
            with suppress(OSError):
                fcntl.flock(
                    fd, fcntl.LOCK_UN
                )  # a child that is forked before it is closed does not hold it on
            _close(fd)

    def forget(self) -> None:
        """Close our descriptor. In a forked child, where it is closed already, the parent's lock stays in place."""
        fd, self._fd = self._fd, None
        if fd is not None:
            _close(fd)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock at `path`; True too where we may not look."""
    try:
        fd = _open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    # Shared: two that ask at the same time do not take each other for a holder.
    free = _flock(fd, fcntl.LOCK_SH)
    _close(fd)
    return not free


def _open(path: Path, flags: int) -> int:
    while True:
        forks = _forks
        fd = os.open(path, flags | os.O_CLOEXEC, 0o600)
        _open_fds.add(fd)  # before it is locked: another thread may fork at any time
        if forks == _forks and not _forking - {threading.get_ident()}:
            return fd
        _close(fd)  # a child forked meanwhile may have it, and does not know of it


def _flock(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except BaseException:
        _close(fd)
        raise
    return True


def _close(fd: int) -> None:
    if fd in _open_fds:
        _open_fds.discard(fd)
        os.close(fd)


def _begin_fork() -> None:
    global _forks  # noqa: PLW0603 - one of each process
    _forks += 1
    _forking.add(threading.get_ident())


def _end_fork() -> None:
    _forking.discard(threading.get_ident())


def _close_in_child() -> None:
    _forking.clear()
    for fd in list(_open_fds):
        _close(fd)


os.register_at_fork(before=_begin_fork, after_in_parent=_end_fork, after_in_child=_close_in_child)
