"""The one place that makes of any error that a person can meet one of `signaltape.errors`, with one line.

Used by what acts for a person: commands, and the operations below them. `sink.plain_errors` knows the database's, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from signaltape.errors import InvalidRequest, RedisUnavailable, SettingsError, SignaltapeError, Unavailable
from signaltape.secrecy import scrub

#: Exit codes of commands.
EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2

#: Makes a plain error of one that it knows, None of all others.
Naming = Callable[[Exception], SignaltapeError | None]


@contextmanager
def plain_errors(*more: Naming) -> Iterator[None]:
    """Around anything, or as a decorator: errors of Redis and of files come out as SignaltapeError, in one line.

    more: who knows other errors, asked first. What nobody knows is a defect, and comes out as it is.
    """
    try:
        yield
    except Exception as error:
        for name in (*more, _of_redis, _of_files):
            if (plain := name(error)) is not None:
                raise plain from None
        raise


def exit_code(error: SignaltapeError) -> int:
    """What a command that ends with this error says to its caller: 2 if it was called wrongly, else 1."""
    return EXIT_USAGE if isinstance(error, SettingsError | InvalidRequest) else EXIT_FAILED


def one_line(error: BaseException) -> str:
    """The first line of an error: enough for a log, without secrets and the contents of rows."""
    lines = scrub(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _of_redis(error: Exception) -> SignaltapeError | None:
    from redis import RedisError  # not every command needs it; where it was raised it is loaded already

    return RedisUnavailable(f"Redis: {one_line(error)}") if isinstance(error, RedisError) else None


def _of_files(error: Exception) -> SignaltapeError | None:
    """Of files and sockets; but whoever reads our output and has seen enough is no trouble to speak of."""
    if not isinstance(error, OSError) or isinstance(error, BrokenPipeError):
        return None
    said = error.strerror or one_line(error)
    return Unavailable(scrub(f"{error.filename}: {said}") if error.filename else said)
