"""Both servers of one home: started by the first that needs them, shared by the others, stopped by the owner."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from deploy.embedded.account import choose_account, outside_place, place_for, programs_for
from deploy.embedded.binaries import postgres_bin
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import MAX_SOCKET_PATH_BYTES, STOP_FAST, STOP_TERM, end, found_in, parent_first
from deploy.embedded.valkey import Valkey

_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


class Urls(NamedTuple):
    """Where the servers are; each either given by the environment or embedded."""

    redis: str
    database: str


@contextmanager
def running(
    home: Path,
    *,
    redis_url: str | None = None,
    database_url: str | None = None,
    valkey_options: tuple[str, ...] = (),
    postgres_options: tuple[str, ...] = (),
) -> Iterator[Urls]:
    """Have both servers run while the block does.

    A URL that is given is used as it is, and that server is not started. The first process of a home
    owns the servers and stops them at the end; later ones share them while the owner lives.
    Raises EmbeddedError.
    """
    if redis_url and database_url:
        yield Urls(redis_url, database_url)
        return
    folder = home.resolve() / "embedded"
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(lock):
            shared = _read_run(folder)
            yield Urls(redis_url or shared["redis"], database_url or shared["database"])
            return
        with _owned(home, redis_url, database_url, valkey_options, postgres_options) as urls:
            yield urls
    finally:
        os.close(lock)


@contextmanager
def _owned(
    home: Path,
    redis_url: str | None,
    database_url: str | None,
    valkey_options: tuple[str, ...],
    postgres_options: tuple[str, ...],
) -> Iterator[Urls]:
    folder = home.resolve() / "embedded"
    valkey: Valkey | None = None
    postgres: Postgres | None = None
    temporary: list[Path] = []
    try:
        if redis_url is None:
            valkey = _valkey(folder, temporary, valkey_options)
            valkey.start()
            redis_url = valkey.url
        if database_url is None:
            postgres = _postgres(home, temporary, postgres_options)
            postgres.start()
            database_url = postgres.url()
        _write_run(folder, redis_url, database_url)
        yield Urls(redis_url, database_url)
    finally:
        (folder / "run.json").unlink(missing_ok=True)
        if valkey is not None and valkey.pid:
            valkey.stop()
        if postgres is not None and postgres.pid:
            postgres.stop()
        for path in temporary:
            shutil.rmtree(path, ignore_errors=True)


def _valkey(folder: Path, temporary: list[Path], options: tuple[str, ...]) -> Valkey:
    sockets = _short_enough(folder / "valkey", temporary)
    return Valkey(folder / "valkey", sockets / "valkey.sock", options)


def _postgres(home: Path, temporary: list[Path], options: tuple[str, ...]) -> Postgres:
    account = choose_account()
    place = place_for(home.resolve(), account).resolve()
    programs = programs_for(postgres_bin(), place, account)
    sockets = _short_enough(place / "sockets", temporary)
    return Postgres(programs, place / "postgres", sockets, account, options)


def _short_enough(wanted: Path, temporary: list[Path]) -> Path:
    """`wanted`, or a private temporary folder if a socket in it would have too long a path."""
    if len(str(wanted / _LONGEST_SOCKET_NAME).encode()) <= MAX_SOCKET_PATH_BYTES:
        return wanted
    short = Path(tempfile.mkdtemp(prefix="signaltape-"))
    temporary.append(short)
    return short


def stop_left_over(home: Path) -> list[int]:
    """End servers of a home whose owner was killed. Returns their pids. Raises EmbeddedError if one is in use."""
    folder = home.resolve() / "embedded"
    if not folder.is_dir():
        return []
    lock = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _lock(lock):
            raise EmbeddedError(f"the servers of {home} are in use by another process; stop that one first")
        ended = []
        for place in (folder, outside_place(home)):
            for pid in parent_first(found_in(place / "postgres", "postgres")):
                end(pid, STOP_FAST)
                ended.append(pid)
        for pid in found_in(folder / "valkey", "valkey"):
            end(pid, STOP_TERM)
            ended.append(pid)
        return ended
    finally:
        os.close(lock)


def remove_data(home: Path) -> None:
    """Remove all data of a home's embedded servers."""
    shutil.rmtree(home.resolve() / "embedded", ignore_errors=True)
    shutil.rmtree(outside_place(home), ignore_errors=True)


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_run(folder: Path, redis_url: str, database_url: str) -> None:
    fresh = folder / f"run.json.{os.getpid()}"
    fresh.write_text(json.dumps({"pid": os.getpid(), "redis": redis_url, "database": database_url}))
    fresh.chmod(0o600)
    fresh.rename(folder / "run.json")


def _read_run(folder: Path) -> dict[str, Any]:
    try:
        run: dict[str, Any] = json.loads((folder / "run.json").read_text())
    except (OSError, ValueError):
        raise EmbeddedError(
            f"another process is starting or stopping the servers of {folder.parent}; try again in a moment"
        ) from None
    return run
