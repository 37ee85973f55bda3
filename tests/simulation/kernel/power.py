"""Power cuts: what of a folder is surely on disk, and what may be left of it when the power goes.

A file is safe as it was when it was last synced, a name as it was when its folder was. What came after may be there or
not: of a file each sector is old or new, of a folder the changes are there up to one of them, whichever.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.simulation.kernel.files import Disk

_SECTOR = 512
#: How often a power cut keeps all names, and of contents some.
_TORN = 0.3
_FOLDER = -1
#: What a folder holds: inodes by name, `_FOLDER` for a folder.
Names = dict[str, int]


class _Change(NamedTuple):
    """One change of a folder: names that got an inode, or lost it (None)."""

    names: dict[str, int | None]


class _Folder:
    def __init__(self) -> None:
        self.durable: Names = {}
        self.now: Names = {}
        self.pending: list[_Change] = []

    def change(self, names: dict[str, int | None]) -> None:
        """It was changed."""
        self.pending.append(_Change(names))
        _apply(self.now, names)

    def sync(self) -> None:
        """All changes are safe."""
        self.durable = dict(self.now)
        self.pending.clear()

    def after(self, count: int) -> Names:
        """Its names if so many of the changes came through."""
        names = dict(self.durable)
        for change in self.pending[:count]:
            _apply(names, change.names)
        return names


class _Content(NamedTuple):
    """What an inode held when its last name went."""

    data: bytes
    stamp_ns: int


class Shadow:
    """Follows a folder and all below it.

    exempt: names of files that look after themselves (a database), which are left as they are.
    """

    def __init__(self, disk: Disk, top: Path, exempt: Callable[[str], bool] = lambda _name: False) -> None:
        self._top = str(top)
        self._exempt = exempt
        #: what each inode held when it was last synced
        self.synced: dict[int, bytes] = {}
        #: told of each file that was synced: its path and content
        self.on_file: Callable[[str, bytes], None] = lambda _path, _content: None
        self._gone: dict[int, _Content] = {}
        self._folders: dict[str, _Folder] = {}
        self._torn = False
        disk.on_sync = self._on_sync
        disk.on_remove = self._on_remove
        disk.on_rename = self._on_rename
        self.begin()

    def begin(self) -> None:
        """All that is there is safe."""
        self.synced.clear()
        self._gone.clear()
        self._folders.clear()
        for folder, _, names in os.walk(self._top):
            self._look(folder).sync()
            for name in names:
                if not self._exempt(name):
                    path = os.path.join(folder, name)
                    self.synced[os.stat(path).st_ino] = Path(path).read_bytes()

    def sync_folder(self, folder: str) -> None:
        """Somebody else made the names in a folder safe."""
        self._look(folder).sync()

    def is_new(self, path: str) -> bool:
        """Whether nothing of a file is safe yet."""
        return not self.synced.get(os.stat(path).st_ino)

    def holds_more(self, path: str) -> bool:
        """Whether a file is shorter than what is safe of it."""
        return len(self.synced.get(os.stat(path).st_ino, b"")) > os.stat(path).st_size

    def contents(self, path: str) -> Iterator[dict[str, bytes]]:
        """All that a power cut now may leave of a file and those beside it: by name, what is surely in each.

        Nothing at all if the folder itself may go.
        """
        folder = os.path.dirname(path)
        if self._is_safe(folder):
            found = self._look(folder)
            for count in range(len(found.pending) + 1):
                yield {name: self.synced.get(inode, b"") for name, inode in found.after(count).items()}
        else:
            yield {}

    def cut(self, chance: random.Random) -> list[str]:
        """The power goes: the files become what is left of them. Returns what is not as it was, in words.

        At times all names are there, and all files are as long as they were, with holes in them.
        """
        self._torn = chance.random() < _TORN
        for folder in [path for path, _, _ in os.walk(self._top)]:
            self._look(folder)
        losses: list[str] = []
        self._leave(self._top, chance, losses)
        self.begin()
        return losses

    def _leave(self, folder: str, chance: random.Random, losses: list[str]) -> None:
        state = self._look(folder)
        count = len(state.pending)
        if not self._torn:
            count = chance.choice((0, count, chance.randrange(count + 1)))
        names = state.after(count)
        if count < len(state.pending):
            losses.append(f"{len(state.pending) - count} changes of {os.path.basename(folder)}")
        for name, inode in sorted(state.now.items()):
            path = os.path.join(folder, name)
            if inode == _FOLDER:
                if name in names:
                    self._leave(path, chance, losses)
                else:
                    shutil.rmtree(path)
            elif name not in names and not self._exempt(name):
                self._keep(path, inode)
                os.unlink(path)
        for name, inode in sorted(names.items()):
            path = os.path.join(folder, name)
            if inode != _FOLDER and not self._exempt(name):
                self._restore(path, inode, state, chance, losses)

    def _restore(
        self, path: str, inode: int, state: _Folder, chance: random.Random, losses: list[str]
    ) -> None:
        there = os.stat(path).st_ino == inode if os.path.exists(path) else False
        if there:
            now = _content(path)
        else:
            other = next((one for one, number in state.now.items() if number == inode), None)
            elsewhere = os.path.join(os.path.dirname(path), other) if other else ""
            moved = os.path.exists(elsewhere) and os.stat(elsewhere).st_ino == inode
            now = _content(elsewhere) if moved else self._gone.get(inode, _Content(b"", 0))
        left = _left_of(self.synced.get(inode, b""), now.data, chance, torn=self._torn)
        if left != now.data:
            losses.append(f"{os.path.basename(path)}: {len(left)} bytes of what were {len(now.data)}")
        if left != now.data or not there:
            new = f"{path}.power"
            Path(new).write_bytes(left)
            os.utime(new, ns=(now.stamp_ns, now.stamp_ns))
            if os.path.exists(path):
                self._keep(path, os.stat(path).st_ino)
            os.replace(new, path)

    def _look(self, folder: str) -> _Folder:
        """A folder as it is known; what came into it unheard is noted."""
        state = self._folders.get(folder)
        if state is None:
            state = self._folders[folder] = _Folder()
        there: Names = {}
        if os.path.isdir(folder):
            with os.scandir(folder) as found:
                for entry in found:
                    there[entry.name] = _FOLDER if entry.is_dir() else entry.inode()
        for name in sorted(state.now.keys() | there.keys()):
            if self._exempt(name):
                continue
            if state.now.get(name) != there.get(name):
                state.change({name: there.get(name)})
        return state

    def _is_safe(self, folder: str) -> bool:
        """Whether a folder itself is there after a power cut."""
        while folder != self._top:
            above = os.path.dirname(folder)
            name = os.path.basename(folder)
            state = self._look(above)
            if state.durable.get(name) != _FOLDER:
                return False
            folder = above
        return True

    def _ours(self, path: str) -> bool:
        return path == self._top or path.startswith(self._top + "/")

    def _on_sync(self, path: str) -> None:
        if not self._ours(path):
            return
        if os.path.isdir(path):
            self._look(path).sync()
        elif not self._exempt(os.path.basename(path)):
            content = Path(path).read_bytes()
            self.synced[os.stat(path).st_ino] = content
            self.on_file(path, content)

    def _on_remove(self, path: str) -> None:
        if not self._ours(path) or not os.path.exists(path) or self._exempt(os.path.basename(path)):
            return
        state = self._look(os.path.dirname(path))
        self._keep(path, os.stat(path).st_ino)
        state.change({os.path.basename(path): None})

    def _on_rename(self, source: str, target: str) -> None:
        name = os.path.basename(source)
        if not self._ours(source) or self._exempt(name) or not os.path.exists(source):
            return
        state = self._look(os.path.dirname(source))
        if os.path.exists(target):
            self._keep(target, os.stat(target).st_ino)
        moved = _FOLDER if os.path.isdir(source) else os.stat(source).st_ino
        state.change({name: None, os.path.basename(target): moved})

    def _keep(self, path: str, inode: int) -> None:
        if inode not in self._gone:
            self._gone[inode] = _content(path)


def _apply(names: Names, change: dict[str, int | None]) -> None:
    for name, inode in change.items():
        if inode is None:
            names.pop(name, None)
        else:
            names[name] = inode


def _content(path: str) -> _Content:
    return _Content(Path(path).read_bytes(), os.stat(path).st_mtime_ns)


def _left_of(old: bytes, new: bytes, chance: random.Random, *, torn: bool) -> bytes:
    """What is left of a file: as it was synced, as it was last, or each sector as one of them."""
    if old == new:
        return new
    kind = 2 if torn else chance.randrange(3)
    if kind < 2:
        return (old, new)[kind]
    length = len(new)
    if not torn:
        lengths = sorted((len(old), len(new)))
        length = chance.choice((len(old), length, chance.randrange(lengths[0], lengths[1] + 1)))
    sectors = []
    for begin in range(0, length, _SECTOR):
        source = chance.choice((old, new))
        sectors.append(source[begin : begin + _SECTOR].ljust(min(_SECTOR, length - begin), b"\0"))
    return b"".join(sectors)
