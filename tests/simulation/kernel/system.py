"""Stand-ins for `os`, `fcntl` and `shutil`, as far as the product touches files and processes by them."""

from __future__ import annotations

import errno
import os as real_os
import shutil as real_shutil
from collections.abc import Callable
from typing import Any

from tests.simulation.kernel.files import Disk

#: Numbers of sockets from here on are those of models: no file of the process has one that high.
MODEL_SOCKETS = 1_000_000


class SimulatedOs:
    """The module `os`, as far as the product touches files and processes by it, and chance (`urandom`)."""

    def __init__(self, disk: Disk, urandom: Callable[[int], bytes] = real_os.urandom) -> None:
        self._disk = disk
        self.urandom = urandom

    def open(self, path: Any, flags: int, mode: int = 0o777, **_: Any) -> int:
        self._disk.touch_point("create" if flags & real_os.O_CREAT else "open", path)
        existed = real_os.path.exists(path)
        fd = real_os.open(path, flags | real_os.O_CLOEXEC, mode)
        process = self._disk.process
        if process is not None:
            process.fds.add(fd)
            if not existed:
                self._disk.stamp(fd)
        return fd

    def close(self, fd: int) -> None:
        self._disk.scheduler.pause("close a file")
        process = self._disk.process
        if process is not None:
            if fd not in process.fds:
                raise OSError(errno.EBADF, real_os.strerror(errno.EBADF))
            process.fds.discard(fd)
        real_os.close(fd)

    def posix_fallocate(self, fd: int, offset: int, length: int) -> None:
        self._disk.touch_point("write", "a segment")
        real_os.ftruncate(fd, offset + length)
        self._disk.stamp(fd)

    def utime(self, path: Any, times: Any = None, **options: Any) -> None:
        self._disk.touch_point("stat", path)
        if times is None and not options:
            if not real_os.path.exists(path):
                raise FileNotFoundError(errno.ENOENT, real_os.strerror(errno.ENOENT), str(path))
            self._disk.stamp(str(path))
        else:
            real_os.utime(path, times, **options)

    def fsync(self, fd: int) -> None:
        path = real_os.readlink(f"/proc/self/fd/{fd}")
        self._disk.touch_point("sync", path)
        self._disk.on_sync(path)

    def dup(self, fd: int) -> int:
        """A copy; of a socket that is a model's only the number."""
        return fd if fd >= MODEL_SOCKETS else real_os.dup(fd)

    def getpid(self) -> int:
        process = self._disk.process
        return process.pid if process is not None else 1

    def kill(self, pid: int, number: int) -> None:
        raise NotImplementedError("a simulated process is killed by the world")

    def __getattr__(self, name: str) -> Any:
        return getattr(real_os, name)


class SimulatedFcntl:
    """The module `fcntl`: real locks on real files, which their process lets go when it dies."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def flock(self, fd: int, kind: int) -> None:
        import fcntl

        self._disk.touch_point("lock", "a file")
        while True:
            try:
                fcntl.flock(fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if kind & fcntl.LOCK_NB:
                    raise
                self._disk.scheduler.sleep("a lock of a file", 0.001)
            else:
                return

    def __getattr__(self, name: str) -> Any:
        import fcntl

        return getattr(fcntl, name)


class SimulatedShutil:
    """The module `shutil`: what it removes is removed file by file."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def rmtree(self, path: Any, ignore_errors: bool = False) -> None:
        try:
            for name in sorted(real_os.listdir(path)):
                (path / name).unlink()
            path.rmdir()
        except OSError:
            if not ignore_errors:
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(real_shutil, name)
