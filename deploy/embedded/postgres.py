"""One PostgreSQL server on a Unix socket, all durability on."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from deploy.embedded.account import Account
from deploy.embedded.errors import EmbeddedError
from deploy.embedded.process import STOP_FAST, await_ready, end, found_in, parent_first

USER = "signaltape"
#: Only names the socket file: the server listens on no address.
PORT = 5432
#: Names in the environment that would change what initdb or postgres do.
_FOREIGN = ("PG", "LC_", "LANG", "LANGUAGE")

#: Where a container says how much memory it may use (cgroup v2, v1).
_MEMORY_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class Postgres:
    """PostgreSQL with its data in `data` and its socket in `sockets`.

    programs: folder of `postgres` and `initdb`; account: the user to run it as.
    extra: more settings, `name=value`.
    """

    def __init__(
        self, programs: Path, data: Path, sockets: Path, account: Account, extra: tuple[str, ...] = ()
    ) -> None:
        self._programs = programs
        self._data = data
        self.sockets = sockets
        self._account = account
        self._extra = extra
        self.log = data.with_name(f"{data.name}.log")
        self.pid = 0

    def url(self, database: str = "postgres") -> str:
        """The URL of a database, for DATABASE_URL."""
        return f"postgresql://{USER}@/{quote(database)}?host={quote(str(self.sockets), safe='')}&port={PORT}"

    def start(self) -> None:
        """Make the cluster if there is none, start it, wait until it answers. Raises EmbeddedError."""
        self._stop_left_over()
        if not (self._data / "PG_VERSION").exists():
            self._init()
        self._check_version()
        self._make_folder(self.sockets)
        options = ["listen_addresses=", "unix_socket_permissions=0700", *_sizes(), *self._extra]
        flags = [word for option in options for word in ("-c", option)]
        with self._open_log() as log:
            self._process = subprocess.Popen(
                [
                    str(self._programs / "postgres"),
                    *("-D", str(self._data), "-k", str(self.sockets), "-p", str(PORT)),
                    *flags,
                ],
                cwd=self._data,
                env=_clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._account.popen_options(),
            )
        self.pid = self._process.pid
        await_ready(self._process, self._answers, self.log, "PostgreSQL")

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is written."""
        end(self.pid, STOP_FAST)
        self._process.wait()

    def _init(self) -> None:
        """Make the cluster aside and give it its name when it is whole: a kill in between leaves nothing half."""
        fresh = self._data.with_name(f"{self._data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._make_folder(fresh)
        command = [
            str(self._programs / "initdb"),
            *("-D", str(fresh), "-U", USER, "-E", "UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth=trust", "--no-instructions"),
        ]
        with self._open_log() as log:
            done = subprocess.run(
                command,
                check=False,
                cwd=fresh,
                env=_clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._account.popen_options(),
            )
        if done.returncode:
            raise EmbeddedError(f"initdb failed; see {self.log}")
        fresh.rename(self._data)

    def _check_version(self) -> None:
        here = (self._data / "PG_VERSION").read_text().strip()
        answer = subprocess.run(
            [str(self._programs / "postgres"), "--version"], check=True, capture_output=True, text=True
        )
        major = answer.stdout.split()[-1].split(".")[0]
        if here != major:
            raise EmbeddedError(
                f"the data in {self._data} is of PostgreSQL {here}, the program is {major}: "
                "dump and restore it, or set SIGNALTAPE_HOME to a new folder"
            )

    def _make_folder(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._account.give(path)

    def _open_log(self) -> BinaryIO:
        return self.log.open("ab")

    def _stop_left_over(self) -> None:
        """End a server that a killed run left behind, then clear its stale files."""
        for pid in parent_first(found_in(self._data, "postgres")):
            end(pid, STOP_FAST)
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for stale in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.sockets / stale).unlink(missing_ok=True)

    def _answers(self) -> bool:
        probe = subprocess.run(
            [str(self._programs / "pg_isready"), "-q", "-h", str(self.sockets), "-p", str(PORT)],
            check=False,
            env=_clean_environment(),
        )
        return probe.returncode == 0


def _sizes() -> list[str]:
    """Settings by the size of the machine.

    The keys of signals lie at random all over their indexes. With PostgreSQL's 128 MB for all pages in use, each event
    soon waits for pages to be fetched and others to be written; an eighth of the memory holds the keys of millions.
    """
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in _MEMORY_LIMITS:
        with suppress(OSError, ValueError):  # not there, or "max"
            sizes.append(int(limit.read_text()))
    eighth_mb = min(sizes) // 2**20 // 8
    return [f"shared_buffers={max(128, min(2048, eighth_mb))}MB", "max_wal_size=2GB"]


def _clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
