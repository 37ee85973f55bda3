"""The reject file: refused events, kept beside the journal with the reason. One JSON object a line."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from signaltape.clock import WIB
from signaltape.secrecy import scrub
from signaltape.showing import sketch

#: Past this the reject file is full: an engine in a loop must not fill the disk with its mistakes.
MAX_BYTES = 32 * 1024 * 1024


class RejectFile:
    """Appends refused events to one file, up to MAX_BYTES. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def keep(self, moment: datetime, event: str, reason: str, fields: Any) -> None:
        """Write one refused event, or as much of it as tells what it was. Raises OSError when the disk does."""
        line = msgspec.json.encode(
            {
                "time": moment.astimezone(WIB),
                "event": sketch(event),
                "reason": scrub(sketch(reason)),
                "fields": sketch(fields),
            }
        )
        with self._lock, self.path.open("ab") as file:
            if file.tell() + len(line) <= MAX_BYTES:
                file.write(line + b"\n")
