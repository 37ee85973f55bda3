"""What a case is played on: servers and processes of a rig, as units that the drill's `systemctl` starts and stops."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from deploy.embedded.binaries import postgres_bin
from deploy.embedded.postgres import Postgres
from tests.chaos.child import Child
from tests.chaos.rig import Rig
from tests.drill.hands import Hands, Unit
from tests.drill.rules import hurried
from tests.drill.shell import Shell
from tests.drill.telegram import Telegram
from tests.support.botapi import TOKEN

CHAT = "-1001234567890"
#: Events per second: an engine that is still at it while a person acts.
RATE = 250.0
_SEGMENT_BYTES = 1024 * 1024
_HERE = Path(__file__).parent
#: Where the page says that settings stand, and the file of those that all units share.
SETTINGS, COMMON = "/etc/signaltape", "common.env"
#: The unit of each process that a stage may run, and what it runs.
PROCESSES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "signaltape-ship": ("shipper", "signaltape", ("ship",)),
    "signaltape-worker": ("worker", "worker", ("--batch", "1000", "--claim-idle-ms", "1000")),
    "signaltape-archiver": ("archiver", "replay", ("archive",)),
    "signaltape-reports": ("reports", "reports", ("schedule",)),
    "signaltape-guard": ("guard", "guard", ()),
    "signaltape-market": ("market", "market", ()),
}


class Stage(Rig):
    """A rig whose processes read their settings from one file, and are units. Use as a context manager."""

    def __init__(self, events: int, seed: str) -> None:
        super().__init__(events, seed, anew=False)
        self.rate = RATE
        self.places: dict[str, str] = {SETTINGS: str(self.home / "etc")}
        #: of a case that has one: what follows the primary
        self.standby: Postgres | None = None

    def __enter__(self) -> Stage:
        super().__enter__()
        self.stack = ExitStack()
        self.telegram = self.stack.enter_context(Telegram()).server
        self._settings_file().parent.mkdir()
        self._settings_file().write_text(_as_file(self._settings_at_first()))
        self.hands = self.stack.enter_context(Hands(self.home / "hands", self._units()))
        self.shell = Shell(self._settings_file(), self.places, self._shell_environment())
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.stack.close()
        finally:
            super().__exit__(*exc)

    def settings(self) -> dict[str, str]:
        """What stands in the file of settings now."""
        lines = self._settings_file().read_text().splitlines()
        return {
            name: shlex.split(value)[0] if value else ""
            for name, _, value in (one.partition("=") for one in lines)
        }

    def unit(self, name: str) -> Child:
        """The running process of a unit."""
        (child,) = self.of(PROCESSES[name][0])
        return child

    def _usual_environment(self) -> dict[str, str]:
        return {**super()._usual_environment(), **self.settings()}

    def _settings_file(self) -> Path:
        return self.home / "etc" / COMMON

    def _settings_at_first(self) -> dict[str, str]:
        names = ("FEATURE_EVENT_LOGGING", "REDIS_URL", "DATABASE_URL")
        usual = super()._usual_environment()
        own = {
            name: value for name, value in usual.items() if name in names or name.startswith("SIGNALTAPE_")
        }
        return {
            **own,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": CHAT,
            "TELEGRAM_API_BASE": self.telegram.base,
            "SIGNALTAPE_GUARD_RULES": str(self._rules_file()),
            "SIGNALTAPE_GUARD_EVERY_S": "1",
            # a journal's backlog is counted in whole segments
            "SIGNALTAPE_SEGMENT_BYTES": str(_SEGMENT_BYTES),
            "SIGNALTAPE_MARKET_PROVIDERS": "okx,bybit,coinapi",
        }

    def _rules_file(self) -> Path:
        path = self.home / "rules.toml"
        path.write_text(hurried())
        return path

    def _shell_environment(self) -> dict[str, str]:
        """Of a person's shell: programs of the checkout and of PostgreSQL, units of this stage."""
        found = (_HERE / "bin", Path(sys.executable).parent, postgres_bin())
        path = ":".join([*map(str, found), os.environ["PATH"], str(_HERE / "bin" / "instead")])
        usual = super()._usual_environment()
        own = {
            name: value for name, value in usual.items() if not name.startswith(("SIGNALTAPE", "TELEGRAM"))
        }
        return {**own, "PATH": path, "DRILL_HANDS": str(self.hands.path), "COLUMNS": "80"}

    def _units(self) -> Mapping[str, Unit]:
        """Servers first: who is started together is started in this order."""
        return {
            "valkey": Unit(
                self.start_valkey,
                lambda: self.valkey.stop(),
                lambda: _lives(self.valkey.pid),
                lambda: self.valkey.log.read_text(errors="replace"),
            ),
            "postgresql": Unit(
                self.start_postgres,
                lambda: self.postgres.stop(),
                lambda: _lives(self.postgres.pid),
                lambda: self.postgres.log.read_text(errors="replace"),
            ),
            **{name: self._process(*what) for name, what in PROCESSES.items()},
        }

    def start_valkey(self) -> None:
        """Start it, whichever it is now."""
        self.valkey.start()

    def start_postgres(self) -> None:
        """Start it, whichever it is now."""
        self.postgres.start()

    def _process(self, name: str, module: str, arguments: tuple[str, ...]) -> Unit:
        def log() -> str:
            return "".join(one.log.read_text(errors="replace") for one in self.children if one.name == name)

        return Unit(
            lambda: self.start(name, module, *arguments),
            self._stopping(name),
            lambda: bool(self.of(name)),
            log,
        )

    def _stopping(self, name: str) -> Callable[[], None]:
        def stop() -> None:
            for child in self.of(name):
                child.note_memory()
                child.send(signal.SIGCONT)
                child.send(signal.SIGTERM)
                child.popen.wait(40)

        return stop


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def _as_file(settings: Mapping[str, str]) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
