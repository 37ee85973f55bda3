"""Everything that a fault is tried on: servers, engine, shippers, workers, each a real process of this rig."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import redis

from deploy.embedded.account import choose_account, place_for, programs_for
from deploy.embedded.binaries import postgres_bin
from deploy.embedded.postgres import Postgres
from deploy.embedded.servers import remove_data
from deploy.embedded.valkey import Valkey
from signaltape import Secret
from signaltape.stream import ARCHIVE_GROUP, WORKER_GROUP, stream_key
from sink.db import Connection, connect
from sink.migrate import migrate
from tests.chaos import load
from tests.chaos.proxy import Proxy
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
STREAM = "chaos"
KEY = stream_key(STREAM, 0)
RATE = 8000.0
#: Everything must be well again within this time.
SETTLE_S = 90.0
#: The archiver takes over from the dead after a minute, and looks every ten seconds.
TIDY_S = 75.0


class Child:
    """One process of the product, with its output in a file."""

    def __init__(self, name: str, arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.peak_rss_kib = 0
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=out, stderr=out
            )

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.running:
            self.popen.send_signal(number)

    def kill(self) -> None:
        self.note_memory()
        self.send(signal.SIGKILL)
        self.popen.wait()

    def note_memory(self) -> None:
        """Remember the highest memory use so far."""
        try:
            status = Path(f"/proc/{self.popen.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_rss_kib = max(self.peak_rss_kib, int(line.split()[1]))


class Rig:
    """Servers and processes of one case. Use as a context manager."""

    def __init__(self, events: int, seed: str) -> None:
        self.events = events
        self.seed = seed
        self.home = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.tape_home = self.home / "tape"
        self.archive = self.home / "archive"
        self.record = self.home / "record"
        self.record.write_bytes(bytes(events))
        self.children: list[Child] = []
        self.engine_emitted_to = 0
        self.poison = 0
        self.replica: Valkey | None = None
        self._logs = 0
        self._environment: dict[str, str] = {}

    def __enter__(self) -> Rig:
        self.valkey = Valkey(
            self.home / "valkey", self.home / "v.sock", ("--enable-protected-configs", "yes")
        )
        self.valkey.start()
        self.redis_proxy = Proxy(str(self.home / "v.sock"))
        self.redis_proxy.start()
        account = choose_account()
        place = place_for(self.home, account)
        programs = programs_for(postgres_bin(), place, account)
        self.postgres = Postgres(programs, place / "postgres", place / "s", account)
        self.postgres.start()
        self.postgres_proxy = Proxy(str(place / "s" / ".s.PGSQL.5432"))
        self.postgres_proxy.start()
        self.direct_database = Secret(self.postgres.url())
        with connect(self.direct_database) as connection:
            migrate(connection)
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children:
            child.send(signal.SIGCONT)
            child.kill()
        self.redis_proxy.stop()
        self.postgres_proxy.stop()
        for server in filter(None, (self.valkey, self.replica)):
            server.stop()
        self.postgres.stop()
        remove_data(self.home)
        shutil.rmtree(self.home, ignore_errors=True)

    # processes

    def start_engine(
        self,
        start: int | None = None,
        stop: int | None = None,
        *,
        mode: str = "plain",
        env: dict[str, str] | None = None,
    ) -> Child:
        """An engine that emits the events from `start` (default: behind the last engine) to `stop`."""
        begin = self.engine_emitted_to if start is None else start
        end = self.events if stop is None else stop
        self.engine_emitted_to = max(self.engine_emitted_to, end)
        arguments = (str(self.record), self.seed, str(begin), str(end), str(RATE), mode)
        return self._start("engine", ("-m", "tests.chaos.load", *arguments), env)

    def start_shipper(self, env: dict[str, str] | None = None) -> Child:
        return self._start("shipper", ("-m", "signaltape", "ship"), env)

    def start_worker(self, *, module: str = "worker", env: dict[str, str] | None = None) -> Child:
        options = ("--batch", "1000", "--claim-idle-ms", "1000")
        return self._start("worker", ("-m", module, *options), env)

    def start_archiver(self, env: dict[str, str] | None = None) -> Child:
        return self._start("archiver", ("-m", "replay", "archive"), env)

    def of(self, name: str) -> list[Child]:
        """The running processes of a kind."""
        return [child for child in self.children if child.name == name and child.running]

    def restart(self, child: Child, *, kill: bool = True) -> Child:
        """What a process manager does: start it again when it has ended."""
        if kill:
            child.kill()
        else:
            child.note_memory()
            child.send(signal.SIGTERM)
            child.popen.wait(40)
        again = {"shipper": self.start_shipper, "archiver": self.start_archiver}
        return again.get(child.name, self.start_worker)()

    # servers

    def redis(self) -> Any:
        """A client that goes straight to Valkey."""
        return redis.Redis.from_url(self.valkey.url, protocol=2, socket_timeout=10)

    def database(self) -> Connection:
        """A session that goes straight to Postgres."""
        return connect(self.direct_database, name="chaos")

    # progress

    def accepted_count(self) -> int:
        return self.record.read_bytes().count(load.ACCEPTED)

    def await_accepted(self, count: int) -> None:
        """Wait until the load is on its way."""
        eventually(lambda: self.accepted_count() >= count, timeout=SETTLE_S)

    def await_stored(self, count: int) -> None:
        """Wait until the way to Postgres works."""
        eventually(lambda: self.stored_count() >= count, timeout=SETTLE_S)

    def stored_count(self) -> int:
        with self.database() as connection:
            row = connection.execute("SELECT count(*) FROM signal_events").fetchone()
        return int(row[0]) if row else 0

    def await_engines(self) -> None:
        """Wait until every engine has said all it has to say."""
        for child in self.children:
            if child.name == "engine" and child.running:
                child.note_memory()
                child.popen.wait(SETTLE_S)

    def await_settled(self, within_s: float = SETTLE_S) -> None:
        """Wait until everything accepted is stored and nothing is in work."""
        eventually(self._settled, timeout=within_s, every=0.1)

    def _settled(self) -> bool:
        try:
            if self.stored_count() < self.accepted_count() or self.dead_count() < self.poison:
                return False
            client = self.redis()
            try:
                groups = client.xinfo_groups(KEY)
                consumers = [name for name in ("worker", "archiver") if self.of(name)]
                return len(groups) >= len(consumers) and all(
                    group["pending"] == 0 and group["last-delivered-id"] == self._last_id(client)
                    for group in groups
                )
            finally:
                client.close()
        except (psycopg.Error, redis.RedisError, OSError):
            return False

    def await_tidy(self) -> None:
        """Wait until all processes are up and have deleted the consumers of the dead."""
        began = time.monotonic()
        with suppress(AssertionError):  # the audit names what is left
            eventually(lambda: self._tidy(time.monotonic() - began), timeout=TIDY_S, every=0.2)

    def _tidy(self, within_s: float) -> bool:
        """Whether there are as many consumers as processes, and each of them asked for entries lately."""
        client = self.redis()
        try:
            for group, name in ((WORKER_GROUP, "worker"), (ARCHIVE_GROUP, "archiver")):
                consumers = client.xinfo_consumers(KEY, group) if self.of(name) else []
                alive = [one for one in consumers if one["idle"] < within_s * 1000]
                if not len(consumers) == len(alive) == len(self.of(name)):
                    return False
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()
        return True

    def dead_count(self) -> int:
        with self.database() as connection:
            row = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
        return int(row[0]) if row else 0

    def stop_all(self) -> list[str]:
        """End shippers, workers and archivers in the ordinary way; returns what went wrong with that."""
        wrong = []
        for child in self.children:
            if child.running:
                child.note_memory()
                child.send(signal.SIGTERM)
        for child in self.children:
            code = child.popen.wait(40)
            never_began = code == -signal.SIGTERM and not child.log.read_text()
            if code not in (0, -signal.SIGKILL) and not never_began:
                wrong.append(f"{child.name} ended with {code}: {_tail(child.log)}")
        return wrong

    def pause(self, seconds: float) -> None:
        """Let a fault last."""
        time.sleep(seconds)

    def _last_id(self, client: Any) -> bytes:
        return bytes(client.xinfo_stream(KEY)["last-generated-id"])

    def _start(self, name: str, arguments: tuple[str, ...], env: dict[str, str] | None) -> Child:
        self._logs += 1
        environment = {
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith(("SIGNALTAPE", "TELEGRAM"))
            },
            "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}",
            "FEATURE_EVENT_LOGGING": "true",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_proxy.port}/0",
            "DATABASE_URL": f"postgresql://signaltape@127.0.0.1:{self.postgres_proxy.port}/postgres",
            "SIGNALTAPE_HOME": str(self.tape_home),
            "SIGNALTAPE_STREAM": STREAM,
            "SIGNALTAPE_DATA": str(self.archive),
            **(env or {}),
        }
        child = Child(name, arguments, environment, self.home / f"{self._logs}-{name}.log")
        self.children.append(child)
        return child


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
