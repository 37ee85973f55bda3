"""Errors of the embedded servers: each message is one line that says what to do."""

from __future__ import annotations

from signaltape.errors import OperationError


class EmbeddedError(OperationError):
    """A server could not be started. The message says why and what to do."""
