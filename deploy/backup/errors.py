"""What ends a backup or its restoring, in one line each."""

from __future__ import annotations

from signaltape.errors import OperationError


class BackupError(OperationError):
    """A backup could not be made, read or restored; the message says what to do."""
