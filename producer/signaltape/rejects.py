"""The reject file: refused events, kept beside the journal with the reason. One JSON object a line."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from signaltape.clock import WIB
from signaltape.secrecy import scrub

#: Past this the reject file is full: an engine in a loop must not fill the disk with its mistakes.
MAX_BYTES = 32 * 1024 * 1024
_SHOWN_BYTES = 64 * 1024
_ENCODER = msgspec.json.Encoder(enc_hook=repr)


class RejectFile:
    """Appends refused events to one file, up to MAX_BYTES. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def keep(self, moment: datetime, event: str, reason: str, fields: Any) -> None:
        """Write one refused event. Raises OSError when the disk does."""
        line = msgspec.json.encode(
            {
                "time": moment.astimezone(WIB),
                "event": event,
                "reason": scrub(reason),
                "fields": _writable(fields),
            }
        )
        with self._lock, self.path.open("ab") as file:
            if file.tell() + len(line) <= MAX_BYTES:
                file.write(line + b"\n")


def _writable(fields: Any) -> Any:
    """`fields` itself if JSON can hold it, else its repr: a reject must not be refused again."""
    try:
        encoded = _ENCODER.encode(fields)
    except (TypeError, ValueError, OverflowError, RecursionError):
        encoded = b""
    if not encoded or b"null" in encoded or len(encoded) > _SHOWN_BYTES:  # null hides a NaN
        return repr(fields)[:_SHOWN_BYTES]
    return msgspec.Raw(encoded)
