"""Stand-ins for `Path`, `os`, `mmap`, `fcntl` and `shutil`: real files under a disk that fails as disks do.

Each call is a point where its process may end. What a process has not flushed dies with it; a flush may be cut in two
by its end.
"""

from __future__ import annotations

import errno
import io
import mmap as real_mmap
import os as real_os
import shutil as real_shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.scheduler import Scheduler

#: Numbers of sockets from here on are those of models: no file of the process has one that high.
MODEL_SOCKETS = 1_000_000
#: What a disk may say to an operation on a path: raise OSError. Operations: open, create, write, sync, list, stat,
#: remove, rename, map.
Trouble = Callable[[str, str], None]


class Disk:
    """The files of all machines. When each was changed is told by simulated clocks."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        #: faults: raises what an operation fails with
        self.trouble: Trouble = lambda _operation, _path: None
        #: told of what is about to be removed, and what was synced
        self.on_remove: Callable[[str], None] = lambda _path: None
        self.on_sync: Callable[[str], None] = lambda _path: None
        #: told of what is about to be moved, and whereto
        self.on_rename: Callable[[str, str], None] = lambda _source, _target: None
        #: told of what was written to a map: of which file, as it was called when it was mapped, and where
        self.on_map_write: Callable[[str, int], None] = lambda _path, _start: None
        #: where a flush is cut in two; None: not
        self.cut: Callable[[int], int | None] = lambda _length: None

    def touch_point(self, operation: str, path: object) -> None:
        """An operation begins: others may come first, and it may fail."""
        text = str(path)
        scheduler = self.scheduler
        if scheduler.current is None:
            return
        scheduler.pause(f"{operation} {real_os.path.basename(text)}")
        self.trouble(operation, text)

    @property
    def process(self) -> Process | None:
        """Who is at it."""
        task = self.scheduler.current
        return task.process if task is not None else None

    def stamp(self, target: Any) -> None:
        """A file was changed now, by the clock of the machine. target: path or descriptor."""
        process = self.process
        if process is not None:
            now = process.machine.wall_ns
            real_os.utime(target, ns=(now, now))


class SimulatedFile(io.RawIOBase):
    """An open file with a buffer of its own for what is written."""

    def __init__(self, disk: Disk, path: str, mode: str) -> None:
        super().__init__()
        self._disk = disk
        self.name = path
        self._writes = any(letter in mode for letter in "wa+x")
        self._raw = io.FileIO(path, mode.replace("b", "").replace("t", ""))
        self._fd = self._raw.fileno()
        self._pending = bytearray()
        self._append = "a" in mode
        process = disk.process
        self._process = process
        if process is not None:
            process.holds.append(self)

    def drop(self) -> None:
        """Its process has died."""
        self._pending.clear()
        self._raw.close()

    def fileno(self) -> int:
        return self._fd

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return self._writes

    def seekable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pending += data
        return len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self._pending += line

    def flush(self) -> None:
        if not self._pending or self._raw.closed:
            return
        data = bytes(self._pending)
        cut = self._disk.cut(len(data))
        if cut is not None:
            self._raw.write(data[:cut])
            del self._pending[:cut]
            data = data[cut:]
        self._disk.touch_point("write", self.name)
        self._raw.write(data)
        self._pending.clear()
        self._disk.stamp(self._fd)

    def read(self, size: int = -1) -> bytes:
        self.flush()
        self._disk.scheduler.pause("read " + real_os.path.basename(self.name))
        return self._raw.read(size) or b""

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1) -> bytes:
        self.flush()
        return self._raw.readline(-1 if size is None else size)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.read().splitlines(keepends=True))

    def seek(self, offset: int, whence: int = 0) -> int:
        self.flush()
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        if self._append:
            return real_os.fstat(self._fd).st_size + len(self._pending)
        return self._raw.tell() + len(self._pending)

    def truncate(self, size: int | None = None) -> int:
        self.flush()
        self._disk.touch_point("write", self.name)
        done = self._raw.truncate(self._raw.tell() if size is None else size)
        self._disk.stamp(self._fd)
        return done

    @property
    def closed(self) -> bool:
        return self._raw.closed

    def close(self) -> None:
        if self._raw.closed:
            return
        try:
            self.flush()
        finally:
            self._raw.close()
            if self._process is not None and self in self._process.holds:
                self._process.holds.remove(self)

    def __enter__(self) -> SimulatedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_raw"):  # else it could not be opened
            self._raw.close()


def path_class(disk: Disk) -> type[Path]:
    """A Path whose operations go to the simulated disk; paths made from one are of its kind."""
    base: Any = type(Path())

    class SimulatedPath(base):  # type: ignore[misc]
        __slots__ = ()

        def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
            disk.touch_point("create" if any(letter in mode for letter in "wax") else "open", self)
            file = SimulatedFile(disk, str(self), mode)
            if "w" in mode or "x" in mode:
                disk.stamp(file.fileno())
            return file if "b" in mode else io.TextIOWrapper(file, encoding="utf-8")

        def read_bytes(self) -> bytes:
            disk.touch_point("open", self)
            return Path(self).read_bytes()

        def read_text(self, *_: Any, **__: Any) -> str:
            return self.read_bytes().decode()

        def write_bytes(self, data: Any) -> int:
            with self.open("wb") as file:
                file.write(data)
            return len(data)

        def write_text(self, data: str, *_: Any, **__: Any) -> int:
            return self.write_bytes(data.encode())

        def iterdir(self) -> Iterator[Path]:
            disk.touch_point("list", self)
            return iter([self / name for name in sorted(real_os.listdir(self))])

        def glob(self, pattern: Any, **__: Any) -> Iterator[Path]:
            disk.touch_point("list", self)
            return iter([type(self)(path) for path in sorted(Path(self).glob(pattern))])

        def rglob(self, pattern: Any, **__: Any) -> Iterator[Path]:
            disk.touch_point("list", self)
            return iter([type(self)(path) for path in sorted(Path(self).rglob(pattern))])

        def stat(self, **options: Any) -> Any:
            disk.touch_point("stat", self)
            return real_os.stat(self, **options)

        def exists(self, **_: Any) -> bool:
            disk.touch_point("stat", self)
            return real_os.path.exists(self)

        def is_dir(self, **_: Any) -> bool:
            return real_os.path.isdir(self)

        def is_file(self, **_: Any) -> bool:
            return real_os.path.isfile(self)

        def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
            disk.touch_point("create", self)
            Path(self).mkdir(mode, parents, exist_ok)

        def rmdir(self) -> None:
            disk.touch_point("remove", self)
            real_os.rmdir(self)

        def touch(self, mode: int = 0o666, exist_ok: bool = True) -> None:
            disk.touch_point("create", self)
            Path(self).touch(mode, exist_ok)
            disk.stamp(str(self))

        def unlink(self, missing_ok: bool = False) -> None:
            disk.touch_point("remove", self)
            disk.on_remove(str(self))
            Path(self).unlink(missing_ok)

        def rename(self, target: Any) -> Any:
            disk.touch_point("rename", self)
            disk.on_rename(str(self), str(target))
            real_os.rename(self, target)
            return type(self)(target)

        def replace(self, target: Any) -> Any:
            disk.touch_point("rename", self)
            disk.on_rename(str(self), str(target))
            real_os.replace(self, target)
            return type(self)(target)

    return SimulatedPath


class SimulatedOs:
    """The module `os`, as far as the product touches files and processes by it."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

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


def mmap_class(disk: Disk) -> type[real_mmap.mmap]:
    """A map whose making, writing and moving are points where others may come first."""

    class SimulatedMap(real_mmap.mmap):
        path: str
        #: of one that is written to: its file, and when the kernel last said that it was changed
        _fd: int | None
        _stamp_ns: int

        def __new__(cls, fd: int, length: int, **options: Any) -> Any:
            disk.touch_point("map", "a segment")
            if "flags" in options:
                options["flags"] &= ~getattr(real_mmap, "MAP_POPULATE", 0)
            mapped = super().__new__(cls, fd, length, **options)
            mapped.path = real_os.readlink(f"/proc/self/fd/{fd}")
            mapped._fd = None
            if options.get("prot", real_mmap.PROT_WRITE) & real_mmap.PROT_WRITE and disk.process is not None:
                mapped._fd = real_os.dup(fd)
                mapped._stamp_ns = real_os.fstat(fd).st_mtime_ns
                disk.process.fds.add(mapped._fd)
            return mapped

        def __setitem__(self, key: Any, data: Any) -> None:
            super().__setitem__(key, data)
            self._stamp()

        def seek(self, *arguments: Any) -> Any:
            disk.scheduler.pause("move in a map")
            return super().seek(*arguments)

        def write(self, data: Any) -> int:
            disk.scheduler.pause("write to a map")
            start = self.tell()
            written = super().write(data)
            self._stamp()
            disk.on_map_write(self.path, start)
            return written

        def close(self) -> None:
            disk.scheduler.pause("close a map")
            super().close()
            process, fd = disk.process, self._fd
            if process is not None and fd in process.fds:
                process.fds.discard(fd)
                real_os.close(fd)

        def _stamp(self) -> None:
            """The kernel stamps a file whenever a page of it is written to first: by the machine's clock."""
            if self._fd is None:
                return
            if real_os.fstat(self._fd).st_mtime_ns != self._stamp_ns:
                disk.stamp(self._fd)
                self._stamp_ns = real_os.fstat(self._fd).st_mtime_ns

    return SimulatedMap


class SimulatedMmap:
    """The module `mmap`."""

    def __init__(self, disk: Disk) -> None:
        self.mmap = mmap_class(disk)

    def __getattr__(self, name: str) -> Any:
        return getattr(real_mmap, name)


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
