"""Reading archive files, compressed or not, as far as they are ours."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

import zstandard

from replay.archive.adoption import ends_a_line
from replay.archive.ledger import Ledger
from replay.archive.packed import COMPRESSED, packed_lines
from signaltape.replay.bad_lines import BadLines
from signaltape.replay.line import BadLine, Head, split
from signaltape.replay.line import read_heads as heads_of


def archive_files(root: Path, folder: str) -> list[Path]:
    """The files of a folder of the archive, those of sub-folders included, in order of their paths."""
    return sorted(
        path
        for path in (root / folder).rglob("*.jsonl*")
        if path.suffix in (".jsonl", COMPRESSED) and not path.name.startswith(".") and path.is_file()
    )


def read_lines(root: Path, ledger: Ledger, path: Path) -> Iterator[bytes]:
    """The lines of a file, without newlines, within a transaction. What a crash left of a line is none.

    Raises OSError, zstandard.ZstdError.
    """
    length = None if path.suffix == COMPRESSED else ledger.settled_length(_name(root, path))
    with path.open("rb") as file:
        yield from _lines(_Form(path, file, length))


def read_heads(root: Path, ledger: Ledger, path: Path, bad: BadLines) -> Iterator[tuple[Head | None, bytes]]:
    """As `read_lines`, each with its head. What is no line has none, and is noted in `bad`."""
    return _with_heads(_name(root, path), read_lines(root, ledger, path), bad)


def read_beside(
    root: Path, ledger: Ledger, plain: Path, bad: BadLines
) -> Iterator[tuple[Head | None, bytes]]:
    """As `read_heads`, of both forms of a file, plain and compressed, while others write, compress and delete.

    What cannot be read is noted in `bad`. Raises sqlite3.Error.
    """
    with ExitStack() as stack:
        try:
            forms = _forms(root, ledger, plain, stack)
        except OSError as error:
            bad.note(_name(root, plain), f"it cannot be read: {error}")
            return
        for form in forms:
            name = _name(root, form.path)
            try:
                yield from _with_heads(name, _lines(form), bad)
            except (OSError, zstandard.ZstdError) as error:
                bad.note(name, f"what is left of it cannot be read: {error}")


class _Form(NamedTuple):
    """An open file; length: how far it is ours, None if it is compressed."""

    path: Path
    file: BinaryIO
    length: int | None


def _forms(root: Path, ledger: Ledger, plain: Path, stack: ExitStack) -> list[_Form]:
    """What there is of a file, opened so that all belongs to one moment: a line is in one form only."""
    paths = (plain, plain.with_name(plain.name + COMPRESSED))
    opened = [_opened(path, stack) for path in paths]
    length = ledger.length(_name(root, plain))
    if not (
        (opened[0] is None or _is_all(opened[0], length))
        and not any(ledger.planned(_name(root, path)) for path in paths)
        and all(map(_is_still, paths, opened))
    ):
        with ledger.transaction():  # carries out what was planned; and nobody else writes meanwhile
            if plain.exists():
                length = ledger.settled_length(_name(root, plain))
            opened = [_opened(path, stack) for path in paths]
    found = zip(paths, opened, (length, None), strict=True)
    return [_Form(path, file, ours) for path, file, ours in found if file is not None]


def _opened(path: Path, stack: ExitStack) -> BinaryIO | None:
    try:
        return stack.enter_context(path.open("rb"))
    except FileNotFoundError:
        return None


def _is_all(file: BinaryIO, length: int | None) -> bool:
    """Whether a file ends where its committed lines end."""
    return length == os.fstat(file.fileno()).st_size and ends_a_line(file, length)


def _is_still(path: Path, file: BinaryIO | None) -> bool:
    """Whether a file, or none, is still what is found under its path."""
    if file is None:
        return not path.exists()
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _lines(form: _Form) -> Iterator[bytes]:
    form.file.seek(0)
    return packed_lines(form.file) if form.length is None else split(form.file.read, form.length)


def _with_heads(name: str, lines: Iterator[bytes], bad: BadLines) -> Iterator[tuple[Head | None, bytes]]:
    def note(number: int, error: BadLine) -> None:
        bad.note(f"{name}:{number}", error)

    for heads, some in heads_of(lines, note, 1):
        yield from zip(heads, some, strict=True)


def _name(root: Path, path: Path) -> str:
    return str(path.relative_to(root))
