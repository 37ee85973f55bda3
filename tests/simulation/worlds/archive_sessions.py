"""Sessions beside an archive: built, played, unfinished, spoiled; retention deletes them when their time is over."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from replay.archive.layout import SESSIONS
from replay.sessions.steering import LOCK
from signaltape.replay.session import EVENTS, MANIFEST, DateRange, Manifest
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import ArchiveBase

_BUILDING = ".building-"
_AGES_D = (0, 1, 3, 29, 31, 45)
_MOST = 40


class Session(NamedTuple):
    """One that was built. due: its time is over; spoiled: nobody can say when that is."""

    name: str
    due: datetime
    spoiled: bool = False


class Sessions:
    """Each is made in one go; what becomes of it is looked at from outside."""

    def __init__(self, world: ArchiveBase, audit: Audit) -> None:
        self._world = world
        self._audit = audit
        self._folder = world.root / SESSIONS
        self._standing: dict[str, Session] = {}
        #: those that are played, and who locks them
        self._played: dict[str, int] = {}
        self._number = 0

    def build(self, process: Process) -> None:
        """Now and then one is made, some as if it were long ago."""
        chance, scheduler = process.random, self._world.scheduler
        every_s = chance.choice((5.0, 60.0))
        while not self._world.over and self._number < _MOST:
            scheduler.sleep("the next session", chance.random() * every_s)
            self._number += 1
            name = f"session-{self._number}"
            made = self._now(process) - timedelta(days=chance.choice(_AGES_D), seconds=chance.randrange(3600))
            kind = chance.choice(("whole", "whole", "played", "unfinished", "spoiled"))
            with self._built(name, made, spoiled=kind == "spoiled", finished=kind != "unfinished") as folder:
                lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR) if kind == "played" else None
                if lock is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX)
            if lock is not None:
                self._play(name, lock, chance.random() * 120.0)

    @contextmanager
    def _built(self, name: str, made: datetime, *, spoiled: bool, finished: bool) -> Iterator[Path]:
        hidden = self._folder / f"{_BUILDING}{name}"
        hidden.mkdir(parents=True)
        (hidden / EVENTS).write_bytes(b"")
        whole = msgspec.json.encode(_manifest(name, made))
        (hidden / MANIFEST).write_bytes(whole[: len(whole) // 2] if spoiled else whole)
        yield hidden
        os.utime(hidden, ns=(self._ns(made), self._ns(made)))
        if finished:
            hidden.rename(self._folder / name)
            self._standing[name] = Session(name, made + self._world.keep.sessions, spoiled)

    def _play(self, name: str, lock: int, seconds: float) -> None:
        def wait() -> None:
            try:
                self._world.scheduler.sleep("the end of a replay", seconds)
            finally:
                self._end(name)

        self._played[name] = lock
        process = Process(self._world.machine("nowhere"), "replay")
        process.killable = False
        process.start(wait)

    def _end(self, name: str) -> None:
        lock = self._played.pop(name, None)
        if lock is not None:
            os.close(lock)

    def over(self, now: datetime) -> set[str]:
        """Those that a retention that begins now has to delete."""
        return {
            one.name
            for one in self._standing.values()
            if one.due < now and not one.spoiled and one.name not in self._played
        }

    def check_gone(self, names: set[str]) -> None:
        """A retention that had to delete these says that nothing failed."""
        left = sorted(name for name in names if (self._folder / name).exists())
        if left:
            self._world.fail("sessions go in time", f"retention has left {left}")

    def check(self) -> None:
        """None is gone before its time, or while it is played."""
        latest = self._audit.latest
        for name in [name for name in self._standing if not (self._folder / name).exists()]:
            gone = self._standing.pop(name)
            if gone.spoiled or gone.due >= latest or name in self._played:
                self._world.fail("sessions are kept", f"{gone} is gone, the latest clock says {latest}")

    def power_is_gone(self) -> None:
        """No replay goes on. Nobody has made sessions safe on disk: what is lost is lost."""
        for name in list(self._played):
            self._end(name)
        for name in [name for name in self._standing if not (self._folder / name / MANIFEST).exists()]:
            del self._standing[name]

    def _now(self, process: Process) -> datetime:
        return datetime.fromtimestamp(process.machine.wall_ns // NS, UTC)

    @staticmethod
    def _ns(when: datetime) -> int:
        return int(when.timestamp()) * NS


def _manifest(name: str, made: datetime) -> Manifest:
    return Manifest(
        session_id=name,
        created_at=made,
        created_by="simulation",
        source_date_range=DateRange(made - timedelta(days=1), made),
        symbols=[],
        event_types=[],
        total_events=0,
        source="archive",
        sha256="",
    )
