"""pg_dump and pg_restore: where they are, and how they are run without a password on their command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.backup.errors import BackupError
from deploy.embedded.binaries import postgres_bin
from deploy.embedded.errors import EmbeddedError
from signaltape import Secret
from signaltape.secrecy import scrub

#: What is looked at of a program that failed: its last lines hold the reason.
_LAST_LINES = 20


def program(name: str) -> Path:
    """The newest at hand: out of the wheel, else on PATH (any version dumps older servers). Raises BackupError."""
    try:
        if (found := postgres_bin() / name).is_file():
            return found
    except EmbeddedError:
        pass
    if on_path := shutil.which(name):
        return Path(on_path)
    raise BackupError(
        f"there is no {name}: install PostgreSQL's client programs, as new as the server or newer"
    )


def run(
    name: str, database: Secret, *arguments: str, tell: Callable[[str], None] = lambda _line: None
) -> None:
    """Run it on a database; `tell` gets each line that it says meanwhile. Raises BackupError by its own words."""
    parts = conninfo_to_dict(database.reveal())
    password = parts.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    _run([str(program(name)), f"--dbname={make_conninfo('', **parts)}", *arguments], environment, tell)


def run_on_file(name: str, *arguments: str, tell: Callable[[str], None] = lambda _line: None) -> None:
    """The same where no server is asked."""
    _run([str(program(name)), *arguments], dict(os.environ), tell)


def _run(command: list[str], environment: dict[str, str], tell: Callable[[str], None]) -> None:
    said: deque[str] = deque(maxlen=_LAST_LINES)
    with subprocess.Popen(
        command,
        env={**environment, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line.strip())
                tell(line.strip())
        except BaseException:  # who waits has had enough: nothing goes on behind it
            process.terminate()
            raise
    if process.returncode:
        raise BackupError(f"{Path(command[0]).name}: {_reason(said)}")


def _reason(said: deque[str]) -> str:
    """The line of an error, without the program's name and secrets; else the last one."""
    errors = [line for line in said if "error:" in line]
    line = (errors or [*said] or ["it ended without a word"])[0]
    return scrub(line.partition("error:")[2].strip() or line)
