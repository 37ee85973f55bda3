"""What can go wrong with a provider.

ExchangeError
├── UnknownSymbol     not a swap, or not one that the provider has: asking again will not help
├── StreamEnded       the connection is over in order: the provider said so, or closed it
├── StreamFailed      it could not be opened, broke, or fell silent
└── RequestFailed     an answer over REST that did not come or was no answer: counts against the provider
    ├── RateLimited   too many of them: wait, the provider is well
    └── RequestRefused  it answered and said no: asking again will not help
"""

from __future__ import annotations


class ExchangeError(Exception):
    """Something with a provider; the message says which and what."""


class UnknownSymbol(ExchangeError):
    """A name that no instrument of the provider goes by."""


class Unreadable(ExchangeError):
    """Something that was sent and cannot be what the documentation says. It is passed over; the stream goes on."""


class StreamEnded(ExchangeError):
    """A connection that ended in order. Connect again, soon."""


class StreamFailed(ExchangeError):
    """A connection that could not be opened, broke or fell silent. Counts against the provider."""


class RequestFailed(ExchangeError):
    """No answer within its time, a 5xx, or something that is no answer. Counts against the provider."""


class RateLimited(RequestFailed):
    """The provider says that it was asked too often. wait_s: how long it wants to be left alone."""

    def __init__(self, message: str, wait_s: float) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class RequestRefused(RequestFailed):
    """The provider answered, and refused what was asked; it is well itself."""
