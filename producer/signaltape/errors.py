"""Every error this library raises on purpose, in one tree.

SignaltapeError
├── SettingsError     an environment variable holds a value that cannot be used
├── InvalidEvent      an event breaks the contract; the message names the field
├── JournalError      the journal could not take an event
│   ├── JournalUnavailable   no segment could be opened (disk full, no permission)
│   └── JournalClosed        the emitter was closed
└── OperationError    what a person asked for was not done
    ├── InvalidRequest       it cannot be asked for like this
    ├── NotFound             what it is about is not there
    ├── NotAllowedNow        it is there, but in a state that forbids it
    ├── Stopped              it was stopped before its end
    └── Unavailable          a server or a file that it needs cannot be used
        └── RedisUnavailable    that server is Redis
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


class OperationError(SignaltapeError):
    """What a person asked for was not done. The message is one line that says what to do, without secrets."""


class InvalidRequest(OperationError):
    """It cannot be asked for like this: the arguments must be others."""


class NotFound(OperationError):
    """What it is about is not there."""


class NotAllowedNow(OperationError):
    """What it is about is there, but in a state that forbids it."""


class Stopped(OperationError):
    """It was stopped before its end."""


class Unavailable(OperationError):
    """A server or a file that it needs is away, or refuses."""


class RedisUnavailable(Unavailable):
    """Redis is away, or refuses."""
