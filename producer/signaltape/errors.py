"""Every error this library raises on purpose, in one tree.

SignaltapeError
├── SettingsError     an environment variable holds a value that cannot be used
├── InvalidEvent      an event breaks the contract; the message names the field
└── JournalError      the journal could not take an event
    ├── JournalUnavailable   no segment could be opened (disk full, no permission)
    └── JournalClosed        the emitter was closed
"""

from __future__ import annotations


class SignaltapeError(Exception):
    """Base of all errors of signaltape."""


class SettingsError(SignaltapeError):
    """An environment variable holds a value that cannot be used; the message names it."""


class InvalidEvent(SignaltapeError):
    """An event breaks the contract. The message names the field, the rule and the value."""


class JournalError(SignaltapeError):
    """The journal could not take an event."""


class JournalUnavailable(JournalError):
    """No journal segment could be opened, for example because the disk is full."""


class JournalClosed(JournalError):
    """The emitter was closed before this event."""
