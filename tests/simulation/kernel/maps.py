"""The stand-in for `mmap`: real maps, stamped by the clock of their machine."""

from __future__ import annotations

import mmap as real_mmap
import os as real_os
from typing import Any

from tests.simulation.kernel.files import Disk


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
