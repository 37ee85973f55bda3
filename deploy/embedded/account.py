"""Who runs Postgres, and where. It refuses root, so root hands it to another user, with files that one can read.

As an ordinary user everything is simple: that user, the data folder of the home, the programs where they are.
As root the home or the installed programs may lie in folders that the other user cannot enter; then data
and a copy of the programs lie in a folder of their own under the system's temporary folder for lasting
files, named after the home. No permission of any existing folder is changed.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from deploy.embedded.errors import EmbeddedError

#: Survives a reboot, unlike /tmp on many systems.
_LASTING = Path("/var/tmp")  # noqa: S108 - a name of our own in it, owner checked below


class Account(NamedTuple):
    """The user that runs Postgres; None: the one that we are."""

    name: str | None
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """The options that make subprocess start a program as this user."""
        if self.name is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make this user the owner of `path`."""
        if self.name is not None:
            os.chown(path, self.uid, self.gid)


def choose_account() -> Account:
    """We ourselves; as root SUDO_USER, else postgres, else nobody. Raises EmbeddedError if there is none."""
    if os.geteuid() != 0:
        return Account(None, os.getuid(), os.getgid())
    for name in (os.environ.get("SUDO_USER"), "postgres", "nobody"):
        if not name:
            continue
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root and no other user was found; "
        "run as an ordinary user, or export DATABASE_URL=postgresql://…"
    )


def place_for(home: Path, account: Account) -> Path:
    """The folder for Postgres' data and socket: under `home` if the account can enter it."""
    inside = home / "embedded"
    inside.mkdir(parents=True, exist_ok=True)
    if account.name is None or _may(account, "-x", inside):
        return inside
    return _outside(home)


def programs_for(programs: Path, place: Path, account: Account) -> Path:
    """The Postgres programs at a place where the account can run them: as installed, or a copy."""
    if account.name is None or _may(account, "-x", programs / "postgres"):
        return programs
    installed = programs.parent.parent  # the package; its shared libraries lie beside it
    stamp = hashlib.sha256(str(programs).encode()).hexdigest()[:12]
    copy = place / f"programs-{stamp}"
    if not copy.exists():
        fresh = place / f".{copy.name}.{os.getpid()}"
        shutil.copytree(programs.parent, fresh / installed.name / "pginstall")
        libraries = installed.with_name(f"{installed.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        fresh.chmod(0o755)
        fresh.rename(copy)
    return copy / installed.name / "pginstall" / "bin"


def outside_place(home: Path) -> Path:
    """The name of the folder that is used when the account cannot enter the home."""
    stamp = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]
    return _LASTING / f"signaltape-{stamp}"


def _outside(home: Path) -> Path:
    place = outside_place(home)
    place.mkdir(mode=0o711, exist_ok=True)
    status = place.lstat()
    if status.st_uid != os.geteuid() or not place.is_dir() or place.is_symlink():
        raise EmbeddedError(f"{place} belongs to somebody else; remove it or set SIGNALTAPE_HOME elsewhere")
    return place


def _may(account: Account, test: str, path: Path) -> bool:
    command = ["/bin/sh", "-c", 'test "$1" "$2"', "sh", test, str(path.resolve())]
    return subprocess.run(command, check=False, cwd="/", **account.popen_options()).returncode == 0
