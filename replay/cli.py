"""What every command of this room needs: servers, one-line errors, a line that counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import redis
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from consumer.writing import SinkUnavailable
from replay.sessions.reprocess import LiveDatabase
from signaltape.errors import SettingsError
from signaltape.replay import SessionError
from signaltape.settings import Secret, Settings
from sink.db import Connection, DatabaseError, connect, database_url, one_line


@contextmanager
def errors() -> Iterator[None]:
    """Every error that a user can meet becomes one line."""
    try:
        yield
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except (SessionError, SinkUnavailable, LiveDatabase) as error:
        raise click.ClickException(str(error)) from None
    except DatabaseError as error:
        raise click.ClickException(f"Postgres: {one_line(error)}") from None
    except redis.RedisError as error:
        raise click.ClickException(f"Redis: {one_line(error)}") from None
    except sqlite3.Error as error:
        raise click.ClickException(f"the archive's ledger: {one_line(error)}") from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'file'}: {error.strerror or error}") from None


def redis_url(settings: Settings) -> Secret:
    if settings.redis_url is None:
        raise SettingsError("REDIS_URL is not set: export REDIS_URL=redis://host:6379/0")
    return settings.redis_url


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    with connect(database_url(settings), name="signaltape-replay") as connection:
        yield connection


@contextmanager
def counting(title: str) -> Iterator[Callable[[str, int], None]]:
    """A line that counts what is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda what, done: progress.update(task, description=f"{title}: {what}", completed=done)
