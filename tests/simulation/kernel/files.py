"""The simulated disk and its open files: real files that fail as those of disks do.

Each call is a point where its process may end. What a process has not flushed dies with it; a flush may be cut in two
by its end.
"""

from __future__ import annotations

import io
import os as real_os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.scheduler import Scheduler

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
