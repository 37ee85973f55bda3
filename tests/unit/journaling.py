"""A small journal to write to and to read back."""

from __future__ import annotations

from pathlib import Path

from signaltape.clock import utc_now
from signaltape.journal.frame import body_prefix
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.writer import JournalWriter

MIB = 1024 * 1024
PREFIX = body_prefix("signal_closed")


def writer(home: Path, *, segment_bytes: int = MIB, max_bytes: int = 256 * MIB) -> JournalWriter:
    return JournalWriter(home, segment_bytes=segment_bytes, max_bytes=max_bytes, clock=utc_now)


def body(number: int, size: int = 0) -> bytes:
    return PREFIX + b'{"n":%d,"pad":"%s"}' % (number, b"x" * size)


def read_all(folder: Path) -> list[bytes]:
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    data = [item.frame.data for item in reader.read(10**9, 10**12)]
    reader.close()
    return data
