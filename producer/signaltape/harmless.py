"""Nothing that an engine calls raises: the outermost frame of each of the Emitter's methods."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from signaltape.errors import SignaltapeError
from signaltape.showing import describe

if TYPE_CHECKING:
    from signaltape.emitter import Emitter

Method = TypeVar("Method", bound=Callable[..., Any])


def harmless(method: Method) -> Method:
    """Decorate a method of an Emitter: whatever goes wrong in it is counted as failed, said once a minute, and False.

    A strict Emitter raises SignaltapeError instead, and nothing else. What is no Exception (Ctrl-C) passes.
    """

    @wraps(method)
    def outermost(self: Emitter, *given: Any, **fields: Any) -> Any:
        try:
            return method(self, *given, **fields)
        except Exception as error:  # noqa: BLE001 - the signal path must not break, whatever it is
            strict = False
            try:
                strict = self._strict
                self._fail(method.__name__, error)
            except Exception as trouble:  # noqa: BLE001 - not even by a log that is broken
                if strict:
                    raise as_ours(method.__name__, trouble) from error
        return False

    return cast(Method, outermost)


def as_ours(name: str, error: Exception) -> SignaltapeError:
    """An error as one of ours: itself if it is, else one that says what it said."""
    if isinstance(error, SignaltapeError):
        return error
    return SignaltapeError(f"{name} failed: {describe(error)}")
