"""Where `systemctl` and `journalctl` of a drill are answered: a socket, and the units that the stage runs."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple


class Unit(NamedTuple):
    """Something that is started and stopped by name."""

    start: Callable[[], object]
    stop: Callable[[], object]
    is_active: Callable[[], bool]
    log: Callable[[], str]


class Hands:
    """Does `start`, `stop` and `restart` of units, patterns such as `signaltape-*` included.

    A pattern means those that were started before, as systemd's does. Use as a context manager.
    """

    def __init__(self, path: Path, units: Mapping[str, Unit]) -> None:
        self.path = path
        self._units = units
        self._known: set[str] = set()
        self._server = socketserver.ThreadingUnixStreamServer(str(path), self._handler())
        self._server.daemon_threads = True

    def __enter__(self) -> Hands:
        threading.Thread(target=self._server.serve_forever, name="hands", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start(self, *names: str) -> None:
        """Start units by their names."""
        for name in names:
            self._known.add(name)
            self._units[name].start()

    def do(self, words: Sequence[str]) -> tuple[int, str]:
        """What `systemctl WORDS` does: exit code, and what it says; `journalctl` comes as the verb `log`."""
        verb, *patterns = words
        if verb == "log":
            return 0, self._units[patterns[0]].log()
        names = [name for pattern in patterns for name in self._matching(pattern.removesuffix(".service"))]
        if verb not in ("start", "stop", "restart", "try-restart"):
            return 1, f"Unknown command verb {verb}.\n"
        if not names:
            return 5, f"Unit {' '.join(patterns)} not found.\n"
        for name in names:
            self._do(verb, name)
        return 0, ""

    def _matching(self, pattern: str) -> list[str]:
        """In the order in which they are listed: servers before who needs them."""
        if pattern in self._units:
            return [pattern]
        return [name for name in self._units if name in self._known and fnmatchcase(name, pattern)]

    def _do(self, verb: str, name: str) -> None:
        unit = self._units[name]
        if verb == "try-restart" and not unit.is_active():
            return
        if verb != "start" and unit.is_active():
            unit.stop()
        if verb != "stop" and not unit.is_active():
            self.start(name)

    def _handler(hands) -> type[socketserver.StreamRequestHandler]:
        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                try:
                    code, says = hands.do(json.loads(self.rfile.readline()))
                except Exception as error:  # noqa: BLE001 - whoever asked is told, as by systemd
                    code, says = 1, f"Job failed: {error}\n"
                self.wfile.write(json.dumps({"code": code, "says": says}).encode() + b"\n")

        return Handler
