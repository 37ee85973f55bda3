"""Errors of the sink: each message is one line that says what to do."""

from __future__ import annotations

from signaltape.errors import OperationError


class SinkError(OperationError):
    """Base of the sink's own errors."""


class MigrationError(SinkError):
    """The migrations in this program and those in the database do not fit together."""


class SchemaOutdated(SinkError):
    """The database lacks migrations of this program."""
