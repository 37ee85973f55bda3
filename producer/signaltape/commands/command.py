"""What every command begins with: a log on standard error, and no secret in anything that is printed.

For processes of our own only: an engine's streams and loggers are not ours to change.
"""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from signaltape.errors import SettingsError
from signaltape.scrubbing import SCRUBBING
from signaltape.secrecy import scrub


def begin_command() -> None:
    """Let all output of this process pass the scrubber, tracebacks and other libraries' logs included."""
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Scrubbed):
            setattr(sys, name, _Scrubbed(stream))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for handler in logging.root.handlers:  # one that was there before may write elsewhere
        handler.addFilter(SCRUBBING)


def usable_folder(variable: str, folder: Path) -> Path:
    """Make a folder that a command writes into, if need be. Raises SettingsError by the variable's name."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(f"{variable}: cannot write under {folder}: {error.strerror or error}") from None
    return folder


class _Scrubbed:
    """A text stream without secrets; all but writing is the stream's own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(scrub(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _ScrubbedBytes:
        return _ScrubbedBytes(self._stream.buffer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _ScrubbedBytes:
    """The bytes below a text stream, for those who print bytes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, data: bytes | bytearray) -> int:
        text = bytes(data).decode("utf-8", "surrogateescape")
        self._stream.write(scrub(text).encode("utf-8", "surrogateescape"))
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
