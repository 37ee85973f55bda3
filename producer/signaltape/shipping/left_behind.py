"""What processes that have ended had not shipped yet: for who has to know all that was said before him."""

from __future__ import annotations

from pathlib import Path

from signaltape.journal.cursor import read_cursor
from signaltape.journal.home import is_alive, journal_folders
from signaltape.journal.segment import HEADER_BYTES, segment_numbers, written_end


def left_behind(home: Path) -> list[Path]:
    """Journals of processes that have ended, of which something is not shipped. Raises OSError."""
    return [folder for folder in journal_folders(home) if not is_alive(folder) and has_left(folder)]


def has_left(folder: Path) -> bool:
    """Whether something stands behind its cursor; nothing does in a journal that is gone. Raises OSError."""
    cursor, numbers = read_cursor(folder), segment_numbers(folder)
    if not numbers:
        return False
    shipped = (cursor.segment, max(cursor.offset, HEADER_BYTES))
    return max(shipped, (numbers[0], HEADER_BYTES)) < written_end(folder)
