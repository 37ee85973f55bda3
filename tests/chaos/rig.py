"""Everything that a fault is tried on: servers, engine, shippers, workers, each a real process of this rig."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString, TypeVar

import redis

from deploy.embedded.servers import remove_data
from deploy.embedded.valkey import Valkey
from signaltape import Secret
from signaltape.stream import stream_keys
from sink.db import Connection, connect
from tests.chaos import load
from tests.chaos.child import Child
from tests.chaos.cluster import new_cluster
from tests.chaos.insisting import insist
from tests.chaos.proxy import Proxy
from tests.support.forked import ROOT
from tests.support.waiting import eventually

T = TypeVar("T")

STREAM = "chaos"
RATE = 8000.0
#: Everything must be well again within this time.
SETTLE_S = 90.0


class Rig:
    """Servers and processes of one case, each in a new interpreter if `anew`. Use as a context manager."""

    def __init__(self, events: int, seed: str, partitions: int = 1, *, anew: bool = True) -> None:
        self._anew = anew
        self.events = events
        self.seed = seed
        self.home = Path(tempfile.mkdtemp(prefix="chaos-"))
        self.tape_home = self.home / "tape"
        self.archive = self.home / "archive"
        self.record = self.home / "record"
        self.record.write_bytes(bytes(events))
        #: ids of records that must be stored once, one per line, as their emitter wrote them down
        self.recorded = self.home / "recorded"
        self.children: list[Child] = []
        self.engine_emitted_to = 0
        #: events per second of an engine
        self.rate = RATE
        self.poison = 0
        self.replica: Valkey | None = None
        #: what a fault wants to be looked at besides, once all is at rest: each says what is wrong
        self.checks: list[Callable[[], Iterator[str]]] = []
        #: added to the environment of every process
        self.environment: dict[str, str] = {}
        # Faults come in pairs: two that stop and start the same server take turns, and nobody restarts a child twice.
        self.valkey_hands = threading.Lock()
        self.postgres_hands = threading.Lock()
        self._children_hands = threading.RLock()
        self.use_partitions(partitions)

    def use_partitions(self, partitions: int) -> None:
        """From now on processes start with so many partitions; the streams that were there before still count."""
        self.partitions = partitions
        before: list[str] = getattr(self, "keys", [])
        self.keys = max(before, stream_keys(STREAM, partitions), key=len)

    def __enter__(self) -> Rig:
        self.valkey = Valkey(
            self.home / "valkey", self.home / "v.sock", ("--enable-protected-configs", "yes")
        )
        self.valkey.start()
        self.redis_proxy = Proxy(str(self.home / "v.sock"))
        self.redis_proxy.start()
        self.postgres, self.postgres_data, socket = new_cluster(self.home)
        self.postgres.start()
        self.postgres_proxy = Proxy(str(socket))
        self.postgres_proxy.start()
        self.direct_database = Secret(self.postgres.url())
        return self

    def __exit__(self, *_: object) -> None:
        for child in self.children:
            child.send(signal.SIGCONT)
            child.kill()
        self.redis_proxy.stop()
        self.postgres_proxy.stop()
        # Nobody will read their data again, so they need not write it down.
        for server in filter(None, (self.valkey, self.replica)):
            with suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGKILL)
            server.stop()
        with suppress(ProcessLookupError):
            os.kill(self.postgres.pid, signal.SIGQUIT)
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
        rate: float | None = None,
        env: dict[str, str] | None = None,
    ) -> Child:
        """An engine that emits the events from `start` (default: behind the last engine) to `stop`."""
        begin = self.engine_emitted_to if start is None else start
        end = self.events if stop is None else stop
        self.engine_emitted_to = max(self.engine_emitted_to, end)
        arguments = (str(self.record), self.seed, str(begin), str(end), str(rate or self.rate), mode)
        return self.start("engine", "tests.chaos.load", *arguments, env=env)

    def start_shipper(self, env: dict[str, str] | None = None) -> Child:
        return self.start("shipper", "signaltape", "ship", env=env)

    def start_worker(self, *more: str, module: str = "worker", env: dict[str, str] | None = None) -> Child:
        options = ("--batch", "1000", "--claim-idle-ms", "1000", *more)  # the last of a name counts
        return self.start("worker", module, *options, env=env)

    def start_archiver(self, env: dict[str, str] | None = None) -> Child:
        return self.start("archiver", "replay", "archive", env=env)

    def start_recording(
        self, *, oldest: int, youngest: int, count: int, rate: float, noted: bool = True
    ) -> Child:
        """An engine that records candles of some days ago; those that are `noted` must be stored in the end."""
        ids = str(self.recorded) if noted else "-"
        numbers = (oldest, youngest, count, int(rate))
        return self.start("engine", "tests.chaos.recording", ids, *map(str, numbers))

    def start(self, name: str, module: str, *arguments: str, env: dict[str, str] | None = None) -> Child:
        """Start `python -m MODULE ARGUMENTS` with all that a process of the product needs in its environment."""
        with self._children_hands:
            log = self.home / f"{len(self.children)}-{name}.log"
            environment = {**self._usual_environment(), **(env or {})}
            child = Child(name, ("-m", module, *arguments), environment, log, anew=self._anew)
            self.children.append(child)
        return child

    def of(self, name: str) -> list[Child]:
        """The running processes of a kind."""
        return [child for child in self.children if child.name == name and child.running]

    def restart(self, child: Child, *, kill: bool = True) -> Child:
        """What a process manager does: start it again when it has ended. Once, whoever else asks for it."""
        with self._children_hands:
            if child.successor is None:
                if kill:
                    child.kill()
                else:
                    child.note_memory()
                    child.send(signal.SIGTERM)
                    child.popen.wait(40)
                again = {"shipper": self.start_shipper, "archiver": self.start_archiver}
                child.successor = again.get(child.name, self.start_worker)()
            return child.successor

    def run_to_its_end(self, module: str, *arguments: str) -> str:
        """Run a command of the product; its output. Fails if it does."""
        child = self.start(module, module, *arguments)
        code = child.popen.wait(SETTLE_S)
        assert code == 0, f"{module} ended with {code}: {child.last_line()}"
        return child.log.read_text()

    # servers

    def redis(self) -> Any:
        """A client that goes straight to Valkey."""
        return redis.Redis.from_url(self.valkey.url, protocol=2, socket_timeout=10)

    def database(self) -> Connection:
        """A session that goes straight to Postgres."""
        return connect(self.direct_database, name="chaos")

    def on_redis(self, work: Callable[[Any], T]) -> T:
        """Do something with a client, again if another fault has just taken the server away."""

        def with_client() -> T:
            with self.redis() as client:
                return work(client)

        return insist(with_client)

    def on_database(self, work: Callable[[Connection], T]) -> T:
        """Do something in a session, again if another fault has just ended it."""

        def with_session() -> T:
            with self.database() as connection:
                return work(connection)

        return insist(with_session)

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
        return self._count("SELECT count(*) FROM signal_events")

    def recorded_ids(self) -> list[str]:
        """Ids of the records that must be stored."""
        return self.recorded.read_text().split() if self.recorded.exists() else []

    def stored_records(self, ids: list[str]) -> dict[str, int]:
        """How often each of these records is stored, of those that are."""
        with self.database() as connection:
            query = "SELECT record_id::text, count(*) FROM records WHERE record_id::text = ANY(%s) GROUP BY 1"
            return dict(connection.execute(query, (ids,)).fetchall()) if ids else {}

    def await_shipped(self) -> None:
        """Wait until the streams hold everything accepted so far; nothing may have been trimmed or deleted."""
        count = self.accepted_count() + len(self.recorded_ids())
        with self.redis() as client:
            eventually(lambda: sum(client.xlen(key) for key in self.keys) >= count, timeout=SETTLE_S)

    def await_engines(self) -> None:
        """Wait until every engine has said all it has to say."""
        for child in self.children:
            if child.name == "engine" and child.running:
                child.note_memory()
                child.popen.wait(SETTLE_S)

    def dead_count(self) -> int:
        return self._count("SELECT count(*) FROM dead_letters")

    def _count(self, query: LiteralString) -> int:
        with self.database() as connection:
            row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    def stop_all(self) -> list[str]:
        """End shippers, workers and archivers in the ordinary way; returns what went wrong with that."""
        wrong = []
        for child in self.children:
            if child.running:
                child.note_memory()
                child.send(signal.SIGTERM)
        for child in self.children:
            try:
                code = child.popen.wait(40)
            except subprocess.TimeoutExpired:
                child.kill()
                wrong.append(f"{child.name} did not end on SIGTERM: {child.last_line()}")
                continue
            never_began = code == -signal.SIGTERM and not child.log.read_text()
            if code not in (0, -signal.SIGKILL) and not never_began:
                wrong.append(f"{child.name} ended with {code}: {child.last_line()}")
        return wrong

    def pause(self, seconds: float) -> None:
        """Let a fault last."""
        time.sleep(seconds)

    def _usual_environment(self) -> dict[str, str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("SIGNALTAPE", "TELEGRAM", "PG"))
        }
        return {
            **inherited,
            "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}",
            "FEATURE_EVENT_LOGGING": "true",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_proxy.port}/0",
            "DATABASE_URL": f"postgresql://signaltape@127.0.0.1:{self.postgres_proxy.port}/postgres",
            "SIGNALTAPE_HOME": str(self.tape_home),
            "SIGNALTAPE_STREAM": STREAM,
            "SIGNALTAPE_PARTITIONS": str(self.partitions),
            "SIGNALTAPE_DATA": str(self.archive),
            **self.environment,
        }
