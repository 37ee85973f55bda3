"""Files that are made out of a source: written, or only held against it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from signaltape.commands.command import usable_folder
from signaltape.errors import OperationError


def generate(files: Mapping[str, str], out: Path, *, check: bool) -> None:
    """Write files by name into a folder, and say so; with `check`, write nothing.

    Raises OperationError if a file is not what it would be; SettingsError if the folder cannot be written.
    """
    if check:
        _check(files, out)
        return
    usable_folder("--out", out)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
        click.echo(f"wrote {out / name}")


def _check(files: Mapping[str, str], out: Path) -> None:
    other = [name for name, text in files.items() if _read(out / name) != text]
    if other:
        raise OperationError(
            f"not what their source says: {', '.join(other)}: make them anew without --check"
        )
    click.echo(f"{len(files)} files are what their source says")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
