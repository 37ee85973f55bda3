"""All that the faults are tried on: servers, engines, desk, worker, archiver, and the guard behind two proxies."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from guard import operations
from signaltape import Settings
from signaltape.clock import utc_now
from tests.chaos.child import Child
from tests.chaos.guard.chats import BLOCKED, CATEGORY, OWN, REFUSING, SILENT, SLOW, Alerts, Chats
from tests.chaos.guard.clocks import FAKETIME, Clocked, own_clock, set_clock
from tests.chaos.guard.engines import Engine
from tests.chaos.guard.fault import Found
from tests.chaos.rig import STREAM, Rig
from tests.support.botapi import TOKEN
from tests.support.botapi_updates import UpdatesServer, updates_server
from tests.support.guarding import Measures
from tests.support.replays import archived_session
from tests.support.waiting import eventually

KEY = f"{STREAM}:{{0}}"
_FILLERS, _FILLER_BYTES = 540, 2**20
_LONG_AGO = timedelta(hours=13)
_DISK_MIB, _FILLED_MIB = 320, 300
_HOG_MIB, _HOARD_MIB = 480, 80


class World:
    """Servers and processes; each method is one thing that goes wrong, or is put right."""

    def __init__(self, rig: Rig, server: UpdatesServer) -> None:
        self.rig, self.server, self.chats = rig, server, Chats()
        server.chat = self.chats
        self._clock = rig.home / "clock"
        self._fillers: list[bytes] = []
        self._children: dict[str, Child] = {}
        rig.environment.update(self._environment())
        self.set_clock(0)
        self._fake_the_clock_of_redis()
        self.alerts = Alerts(self.settings)
        self.session = archived_session(rig.archive)

    @property
    def settings(self) -> Settings:
        """Of a process here."""
        return Settings.from_env(self.rig._usual_environment())

    def start(self) -> None:
        """Everything but the guard, and all well."""
        self.rig.run_to_its_end("sink", "migrate")
        self._children["worker"] = self.rig.start_worker()
        self._children["archiver"] = self.rig.start_archiver()
        self._children["replays"] = self.rig.start("replays", "replay", "serve")
        self._children["desk"] = self.rig.start("desk", "desk")
        self.slow = Engine(self.rig, "ib-slow", per_s=0.5)
        self.failing = Engine(self.rig, "ib-failing", per_s=5)
        self.limited = Engine(self.rig, "ib-limited", per_s=8, rate="8/second")
        self.silent = Engine(self.rig, "ib-silent")
        self.dead = Engine(self.rig, "ib-dead")
        self.start_clocks()

    def start_clocks(self) -> None:
        """Engines with clocks of their own."""
        self.behind, self.ahead = Clocked(self.rig, "ib-behind"), Clocked(self.rig, "ib-ahead")

    def measure_long_ago(self) -> None:
        """Half of the longest window of budgets and shares is known of, with next to nothing in it."""
        with self.rig.redis() as client:
            for engine in ("ib-slow", "ib-failing"):
                Measures(client, STREAM).put(20.0, at=utc_now() - _LONG_AGO, engine=engine)

    def be_slow(self) -> None:
        self.slow.ask(per_s=4)
        self.slow.switch(slow_ms=900, ws_rtt_ms=420, stale_s=12, screener_ttl_s=110)

    def start_guard(self) -> Child:
        """Behind proxies of its own."""
        behind = {
            "REDIS_URL": f"redis://127.0.0.1:{self.rig.redis_proxy.port}/0",
            "DATABASE_URL": f"postgresql://signaltape@127.0.0.1:{self.rig.postgres_proxy.port}/postgres",
        }
        return self.rig.start("guard", "guard", env=behind)

    def found(self) -> list[Found]:
        """Alerts as they stand."""
        with self.rig.database() as connection:
            rows = connection.execute(
                "SELECT rule, subject, fired_at, resolved_at, told FROM guard_alerts"
            ).fetchall()
        return [Found(*row) for row in rows]

    def end(self) -> None:
        """Let all that asks and tells end."""
        self.alerts.end()
        for one in (self.slow, self.failing, self.limited, self.silent, self.dead, self.behind, self.ahead):
            one.end()

    # what goes wrong, and what puts it right

    def freeze(self, name: str) -> None:
        self._children[name].send(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self._children[name].send(signal.SIGCONT)

    def kill_replays(self) -> None:
        self._children["replays"].kill()

    def start_replays(self) -> None:
        self._children["replays"] = self.rig.start("replays", "replay", "serve")

    def hog(self) -> None:
        self._children["hog"] = self.rig.start("hog", "tests.chaos.guard.hoard", "memory", str(_HOG_MIB))

    def hoard(self) -> None:
        self._children["hoard"] = self.rig.start(
            "hoard", "tests.chaos.guard.hoard", "journal", str(_HOARD_MIB)
        )

    def end_child(self, name: str) -> None:
        self._children[name].kill()

    def ship_the_hoard(self) -> None:
        self._children["hoard"].kill()
        self.rig.run_to_its_end("signaltape", "ship", "--once")

    def fill_the_stream(self) -> None:
        """Before anybody reads: then every group begins behind it, and so does the guard."""
        with self.rig.redis() as client:
            filler = os.urandom(_FILLER_BYTES)
            self._fillers = [
                client.xadd(KEY, {"event": "chaos_filler", "data": filler}) for _ in range(_FILLERS)
            ]
            for group in ("worker", "archive", "desk", "guard"):
                client.xgroup_create(KEY, group, id="$")
            last = self._fillers[-1].decode()
        with self.rig.database() as connection:
            connection.execute("INSERT INTO guard_position VALUES (%s, %s)", (KEY, last))

    def empty_the_stream(self) -> None:
        with self.rig.redis() as client:
            client.xdel(KEY, *self._fillers)

    def put_a_bad_entry(self) -> None:
        with self.rig.redis() as client:
            client.xadd(KEY, {"event": "order_log", "data": "no JSON"})

    def drop_letters(self) -> None:
        self.rig.run_to_its_end("worker", "dead-letters", "drop", "--all", "--yes")

    def trouble_chats(self) -> None:
        self.chats.trouble = {*self.chats.trouble, SLOW, BLOCKED}
        self.alerts.tell(SLOW)
        self.alerts.tell(BLOCKED)
        self.alerts.begin()

    def silence_a_chat(self) -> None:
        self.chats.trouble = {*self.chats.trouble, SILENT}
        self.alerts.tell(SILENT)

    def refuse_a_chat(self) -> None:
        self.chats.trouble = {*self.chats.trouble, REFUSING}
        self.alerts.tell(REFUSING)

    def heal_chats(self) -> None:
        self.chats.trouble = self.chats.trouble - {SLOW, BLOCKED}
        self.alerts.hurry()

    def resend(self, chat: int, state: str) -> None:
        """As a person does, who has looked at the chat, and put right what was wrong with it."""
        self.chats.trouble = self.chats.trouble - {chat}
        with self.rig.database() as connection:
            rows = connection.execute(
                "SELECT id FROM outbox WHERE state = %s AND chat_id = %s", (state, str(chat))
            ).fetchall()
        for (number,) in rows:
            self.rig.run_to_its_end("reports", "deliveries", "resend", str(number))

    def fill_the_disk(self) -> None:
        (self.rig.archive / "filler").write_bytes(bytes(_FILLED_MIB * 2**20))

    def empty_the_disk(self) -> None:
        (self.rig.archive / "filler").unlink()

    def set_clock(self, ahead_s: float) -> None:
        """Redis' clock."""
        set_clock(self._clock, ahead_s)

    def stamp_an_old_backup(self) -> None:
        operations.stamp(self.settings, "backup", utc_now() - timedelta(hours=27))

    def stamp_a_backup(self) -> None:
        self.rig.run_to_its_end("guard", "stamp", "backup", "--says", "chaos")

    def kill_a_replay(self) -> None:
        child = self.rig.start("replay", "replay", "run", self.session)
        status = next(self.rig.archive.rglob("sessions")) / self.session / "status.json"
        eventually(lambda: status.exists() and b'"running":true' in status.read_bytes(), 60)
        child.kill()

    def replay_to_its_end(self) -> None:
        self.rig.run_to_its_end("replay", "run", self.session, "--max")

    def _environment(self) -> dict[str, str]:
        return {
            "REDIS_URL": self.rig.valkey.url,
            "DATABASE_URL": self.rig.direct_database.reveal(),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_CHAT_ID": str(OWN),
            "TELEGRAM_API_BASE": self.server.base,
            "TELEGRAM_ADMIN_IDS": str(OWN),
            "SIGNALTAPE_ALERT_CHATS": ",".join(f"{chat}={category}" for chat, category in CATEGORY.items()),
            "SIGNALTAPE_ALERT_BUDGETS": "off",
            "SIGNALTAPE_ALERT_JSON": "off",
        }

    def _fake_the_clock_of_redis(self) -> None:
        """Its own alone: a server whose clock is off, as a file says."""
        self.rig.valkey.stop()
        fake = own_clock(self._clock)
        os.environ.update(fake)
        try:
            self.rig.valkey.start()
        finally:
            for name in fake:
                del os.environ[name]


@contextmanager
def a_world() -> Iterator[World]:
    """A world with a small disk for its archive. Needs root, for the disk, and libfaketime."""
    if not FAKETIME.exists():
        raise SystemExit(f"{FAKETIME} is not there: apt-get install libfaketime")
    with Rig(1, seed="guard", anew=False) as rig, updates_server() as server, _small_disk(rig.archive):
        yield World(rig, server)


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK_MIB}m", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
