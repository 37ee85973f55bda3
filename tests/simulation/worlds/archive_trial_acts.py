"""What the scripts of an archive's last trial are made of: what is put, who runs and who dies, what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from replay.archive import archiving
from signaltape.clock import utc_now
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import ArchiveBase
from tests.simulation.worlds.archive_given import KINDS, Given, Maker, place_of
from tests.simulation.worlds.archive_ledgers import Ledgers
from tests.simulation.worlds.archive_programs import BEGINS_BY, Programs
from tests.simulation.worlds.programs import Program

#: More than the source of a world ever says.
_FIRST_NUMBER = 1_000_000
#: So long, by true time, an archive may take for what a script waits for; what comes later, the end of the world finds.
_WITHIN_S = 300.0
_GLANCE_S = 0.5
#: Days that are over, and compressed with the next retention; kept by what keeps for longer.
_OLD, _KEPT = timedelta(days=4), timedelta(days=10)
#: Longer than another archiver takes for a batch, shorter than the shortest time after which it takes over.
_AWAY_S = 3.0


class TrialActs:
    """What a script may do."""

    def __init__(self, world: ArchiveBase, audit: Audit, ledgers: Ledgers, programs: Programs) -> None:
        self._world = world
        self._audit = audit
        self._ledgers = ledgers
        self._programs = programs
        self._chance = world.faults.chance("last trial")
        self._maker = Maker(self._chance, _FIRST_NUMBER)

    def _lines_of_old_days(self) -> list[Given]:
        """Of a kind that is kept for longer; none if there is no such kind."""
        when, kinds = self._now() - _OLD, self._kinds_that_are_kept()
        return [self._maker.record_of(self._chance.choice(kinds), when) for _ in range(3)] if kinds else []

    def _kinds_that_are_kept(self) -> list[str]:
        """For long, in files of a day."""
        keep = self._world.keep.by_group
        return [kind for kind in KINDS if kind != "state_event" and (keep[_group(kind)] or _KEPT) >= _KEPT]

    def _put(self, lines: Sequence[Given]) -> None:
        for line in lines:
            self._programs.put_one(self._world.stream_keys[0], line)
        self._world.service._arrivals.wake()

    def _retain(self) -> None:
        """A retention runs, to its end or its death."""
        host = self._chance.choice(self._world.hosts)
        process = Process(host, "retention of the trial")
        settings = self._world.settings(host)
        process.start(lambda: archiving.run_retention(settings, utc_now()))
        self._comes(lambda: not process.running)
        process.kill()

    def _kill(self, _path: Path) -> None:
        """Whoever is at it dies."""
        process = self._world.disk.process
        assert process is not None
        self._world.story.tell("world", f"{process.name} dies amid what it does")
        process.kill()

    def _kill_for_a_while(self, _path: Path) -> None:
        """Whoever is at it dies, and its work waits for it."""
        world, process = self._world, self._world.disk.process
        assert process is not None
        for program in world.supervisor.programs:
            if program.process is process:
                program.away_until_ns = world.scheduler.now_ns + int(_AWAY_S * NS)
        world.story.tell("world", f"{process.name} dies amid its batch")
        process.kill()

    def _need_two_archivers(self) -> None:
        """On a host there may be one alone."""
        while len(self._archivers()) < 2:
            self._world.program(
                self._world.hosts[0], "archiver beside", self._programs.archiver, foreseen=BEGINS_BY
            )

    def _archivers(self) -> list[Program]:
        """Those that go on for as long as the world."""
        programs = self._world.supervisor.programs
        return [one for one in programs if one.name.startswith("archiver") and "drains" not in one.name]

    def _end_all(self) -> None:
        self._world.disturb()
        for process in self._world.supervisor.processes():
            process.kill()

    def _is_all_done(self) -> bool:
        """Whether all that is in the stream is archived in time."""
        return self._comes(self._audit.nothing_left)

    def _comes(self, condition: Callable[[], bool]) -> bool:
        scheduler = self._world.scheduler
        end_ns = scheduler.now_ns + int(_WITHIN_S * NS)
        while not condition():
            if scheduler.now_ns >= end_ns:
                return False
            scheduler.sleep("what the trial waits for", _GLANCE_S)
        return True

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._world.hosts[0].wall_ns // NS, UTC)


def _group(kind: str) -> str:
    return place_of(kind, None, datetime(1970, 1, 1, tzinfo=UTC))[0]
