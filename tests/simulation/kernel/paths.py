"""The stand-in for `Path`: each operation on the simulated disk is a point where others may come first."""

from __future__ import annotations

import io
import os as real_os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.simulation.kernel.files import Disk, SimulatedFile


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
