"""The archive's files and ledger as a stranger reads them: whole lines, by plain JSON and by the product's reader."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from replay.archive.packed import packed_lines
from signaltape.replay.line import BadLine, payload_of, read_head

#: Folders below `data/` that hold lines.
FOLDERS = ("events", "trades_log", "orders", "system/history", "market", "desk", "measures", "signals")
#: What a person writes into a file.
REMARK = b"-- looked at by hand"


class Read(NamedTuple):
    """One whole line. wrong: why it is none; end: where the next one begins; holed: parts of it were never written."""

    line_id: str
    event: str
    ts: str
    payload: Any
    wrong: str = ""
    end: int = 0
    holed: bool = False


class Books(NamedTuple):
    """What the ledger holds."""

    lengths: dict[str, int]
    plans: dict[str, str | None]


class Shelf:
    """The files under `data/`.

    root: the real folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._plain: dict[str, tuple[bytes, list[Read]]] = {}

    def files(self) -> Iterator[str]:
        """Those that hold lines, relative to the root, plain before compressed."""
        for folder in FOLDERS:
            for path in sorted((self.root / folder).rglob("*.jsonl*")):
                if path.suffix in (".jsonl", ".zst") and not path.name.startswith("."):
                    yield str(path.relative_to(self.root))

    def lines(self, name: str) -> list[Read]:
        """The whole lines of a file. Raises ZstdError."""
        content = (self.root / name).read_bytes()
        if name.endswith(".zst") or ".zst" in Path(name).name:
            return _packed(content)
        before, found = self._plain.get(name, (b"", []))
        if content[: len(before)] != before:
            before, found = b"", []
        done = before.rfind(b"\n") + 1
        found = [*found, *_lines(content[done:], done)]
        self._plain[name] = (content, found)
        return found

    def size(self, name: str) -> int | None:
        """The size of a file; None if it is not there."""
        path = self.root / name
        return path.stat().st_size if path.exists() else None

    def books(self) -> Books | None:
        """The ledger as it was committed last; None if there is none that can be read."""
        path = self.root / "archive.db"
        if not path.exists():
            return None
        folder = tempfile.mkdtemp(prefix="ledger-", dir=self.root.parent.parent)
        try:
            for ending in ("", "-wal"):
                if os.path.exists(f"{path}{ending}"):
                    shutil.copyfile(f"{path}{ending}", f"{folder}/archive.db{ending}")
            with closing(sqlite3.connect(f"{folder}/archive.db")) as db:
                return Books(
                    dict(db.execute("SELECT path, bytes FROM files").fetchall()),
                    dict(db.execute("SELECT target, source FROM plans").fetchall()),
                )
        except sqlite3.Error:
            return None
        finally:
            shutil.rmtree(folder)


@lru_cache(maxsize=1024)
def ids_of(content: bytes, *, packed: bool) -> frozenset[str]:
    """The ids of the whole lines that a file holds."""
    try:
        return frozenset(one.line_id for one in (_packed(content) if packed else _lines(content, 0)))
    except zstandard.ZstdError:
        return frozenset()


@lru_cache(maxsize=512)
def _packed(content: bytes) -> list[Read]:
    text = b"".join(line + b"\n" for line in packed_lines(BytesIO(content)))
    return _lines(text, 0)


def _lines(content: bytes, begin: int) -> list[Read]:
    found = []
    for line in content.split(b"\n")[:-1]:
        begin += len(line) + 1
        found.append(_line(line)._replace(end=begin))
    return found


@lru_cache(maxsize=65_536)
def _line(line: bytes) -> Read:
    try:
        plain, head = json.loads(line), read_head(line)
        if (plain["_id"], plain["_event"], plain["_ts"]) != (head.line_id, head.event, head.ts):
            return Read("", "", "", None, f"two readers differ: {line[:200]!r}")
        return Read(head.line_id, head.event, head.ts, json.loads(payload_of(line)))
    except (ValueError, BadLine, KeyError, TypeError) as error:
        return Read("", "", "", None, f"{error}: {line[:200]!r}", holed=b"\0" in line)
