"""Nothing that an engine calls raises: the outermost frame of each of the Emitter's methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from signaltape.errors import SignaltapeError
from signaltape.showing import describe

Method = TypeVar("Method", bound=Callable[..., Any])


class Careful(Protocol):
    """Whose methods may be decorated."""

    _strict: bool

    def _went_wrong(self, name: str, error: Exception) -> None:
        """Count and say what went wrong in a method."""


def harmless(method: Method) -> Method:
    """Decorate a method of an Emitter: whatever goes wrong in it is counted as failed, said once a minute, and False.

    A strict Emitter raises SignaltapeError instead, and nothing else. What is no Exception (Ctrl-C) passes.
    """

    @wraps(method)
    def outermost(self: Careful, *given: Any, **fields: Any) -> Any:
        try:
            return method(self, *given, **fields)
        except Exception as error:
            # No `suppress`: at the end of the stack there is no room for one more call.
            try:  # noqa: SIM105
                self._went_wrong(method.__name__, error)
            except Exception:  # noqa: BLE001, S110 - a log that is broken, a stack that is full
                pass
            if self._strict:
                if isinstance(error, SignaltapeError):
                    raise
                raise as_ours(method.__name__, error) from error
        return False

    return cast(Method, outermost)


def as_ours(name: str, error: Exception) -> SignaltapeError:
    """An error as one of ours that says what it said."""
    return SignaltapeError(f"{name} failed: {describe(error)}")
