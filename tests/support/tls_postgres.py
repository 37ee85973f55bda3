"""PostgreSQL that is reached over TLS: one behind what ends it, and one that speaks it itself, if it is on PATH.

That of the wheel does not speak it.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from deploy.embedded.account import Account, choose_account
from deploy.embedded.postgres import USER
from deploy.embedded.process import STOP_FAST, await_ready, end
from tests.support.tls import Papers, context_of, free_port, listening, pumped
from tests.support.waiting import LONGEST_S

#: What a client begins with that wants TLS: eight bytes, and the number that stands for the wish.
_WISH = bytes.fromhex("0000000804d2162f")


@contextmanager
def before_postgres(sockets: Path, own: Papers) -> Iterator[int]:
    """A port that takes encrypted sessions alone and hands them to a server's socket, as a pooler does."""
    context = context_of(own)

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(_WISH)) != _WISH:
            writer.close()
            return
        writer.write(b"S")
        await writer.start_tls(context)
        from_server, to_server = await asyncio.open_unix_connection(sockets / ".s.PGSQL.5432")
        await asyncio.gather(pumped(reader, to_server), pumped(from_server, writer))

    with listening(joined) as port:
        yield port


@contextmanager
def without_tls() -> Iterator[int]:
    """A port that answers as a server which does not speak it."""

    async def declined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(_WISH))
        writer.write(b"N")
        await reader.read()
        writer.close()

    with listening(declined) as port:
        yield port


@cache
def postgres_programs() -> Path | None:
    """The folder of a server on PATH that speaks TLS."""
    found = shutil.which("postgres")
    if found is None:
        return None
    linked = subprocess.run(
        ["ldd", found], capture_output=True, text=True, check=False, timeout=LONGEST_S
    ).stdout
    return Path(found).resolve().parent if "libssl" in linked else None


@contextmanager
def postgres_itself(own: Papers) -> Iterator[int]:
    """A new server that speaks TLS; at which port. It lives as long as the block."""
    programs, account, port = postgres_programs(), choose_account(), free_port()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="tls-", dir="/var/tmp"))
    account.give(folder)
    data, log = folder / "data", folder / "log"
    for source in (own.certificate, own.key):
        kept = Path(shutil.copy(source, folder))
        kept.chmod(0o600)
        account.give(kept)
    try:
        _run(
            account,
            programs / "initdb",
            "-D",
            str(data),
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--auth=trust",
        )
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(folder),
            "fsync": "off",
            "ssl": "on",
            "ssl_cert_file": str(folder / own.certificate.name),
            "ssl_key_file": str(folder / own.key.name),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with log.open("wb") as said:
            process = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), "-p", str(port), *options],
                **{"stdout": said, "stderr": said, "cwd": folder, **account.popen_options()},
            )
        await_ready(process, lambda: _answers(programs, folder, port), log, "PostgreSQL")
        yield port
        end(process.pid, STOP_FAST)
        process.wait(LONGEST_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(account: Account, *command: str | Path) -> None:
    subprocess.run(
        [str(word) for word in command],
        **{"check": True, "capture_output": True, "cwd": "/", **account.popen_options()},
    )


def _answers(programs: Path, sockets: Path, port: int) -> bool:
    probe = [str(programs / "pg_isready"), "-q", "-h", str(sockets), "-p", str(port)]
    return subprocess.run(probe, check=False, timeout=LONGEST_S).returncode == 0
