"""One Valkey server on a Unix socket, with an append-only file."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

from deploy.embedded.binaries import valkey_server
from deploy.embedded.process import STOP_TERM, await_ready, end, found_in


class Valkey:
    """Valkey with its data in `folder` and its socket at `socket_path`.

    extra: more options for the server, as on its command line.
    """

    def __init__(self, folder: Path, socket_path: Path, extra: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._socket = socket_path
        self._extra = extra
        self.log = folder / "valkey.log"
        self.pid = 0

    @property
    def url(self) -> str:
        """The URL for REDIS_URL."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises EmbeddedError."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for pid in found_in(self._folder, "valkey"):
            end(pid, STOP_TERM)
        self._socket.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(valkey_server()), *self._options()],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid = self._process.pid
        await_ready(self._process, self._answers, self.log, "Valkey")

    def stop(self) -> None:
        """Let it write its file and end."""
        end(self.pid, STOP_TERM)
        self._process.wait()
        self._socket.unlink(missing_ok=True)

    def _options(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        flat = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [*flat, *self._extra]

    def _answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(16).startswith(b"+PONG")
        except OSError:
            return False
