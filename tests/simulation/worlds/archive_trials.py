"""A last trial by a script, once all faults have ended: for what only shows if things come one behind the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from replay.archive import archiving
from signaltape.clock import utc_now
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import Amid, ArchiveBase
from tests.simulation.worlds.archive_given import KINDS, Given, Maker, place_of
from tests.simulation.worlds.archive_ledgers import Ledgers
from tests.simulation.worlds.archive_programs import BEGINS_BY, Programs
from tests.simulation.worlds.archive_shelf import REMARK
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


class LastTrial:
    """One of several scripts, or none."""

    def __init__(self, world: ArchiveBase, audit: Audit, ledgers: Ledgers, programs: Programs) -> None:
        self._world = world
        self._audit = audit
        self._ledgers = ledgers
        self._programs = programs
        self._chance = world.faults.chance("last trial")
        self._maker = Maker(self._chance, _FIRST_NUMBER)
        self.is_over = False

    def begin(self) -> None:
        """Let one begin."""
        scripts: dict[str, Callable[[], None]] = {
            "an older ledger": self._restore,
            "a contradicted snapshot": self._contradict,
            "a damaged ledger": self._damage,
            "death amid compression": self._die_compressing,
            "one id for two days": self._come_for_another_day,
            "half of a file is old": self._grow_old,
            "the last line is taken out": self._take_out,
            "a ledger that is gone": self._lose_the_ledger,
        }
        kind = self._chance.choice(["nothing", *sorted(scripts)])
        if kind == "nothing" or not self._world.faults.happens("last trial", kind):
            self.is_over = True
            return
        process = Process(self._world.machine("nowhere"), "trial")
        process.killable = False

        def act() -> None:
            scripts[kind]()
            self._world.disturb()
            self._world.story.tell("world", "the last trial is over")
            self.is_over = True

        process.start(act)

    def _restore(self) -> None:
        """What was compressed since a copy of the ledger was made comes again once the copy is in its place."""
        lines = self._lines_of_old_days()
        if not lines or not self._is_all_done():
            return
        self._end_all()
        copy = self._ledgers.copy() if self._ledgers.path.exists() else None
        self._put(lines)
        self._is_all_done()
        self._retain()
        self._end_all()
        if copy is not None:
            self._ledgers.restore(copy, without_digests=self._chance.random() < 0.3)
        self._put(lines)

    def _contradict(self) -> None:
        """An archiver dies between a snapshot's line and the file of the latest one; both come again, contradicted."""
        self._need_two_archivers()
        if not self._is_all_done():
            return
        event = self._chance.choice([kind for kind in KINDS if kind.endswith("_snapshot")])
        times = [line.at for lines in self._audit.lines.values() for line in lines]
        when = max([*times, self._now()]) + timedelta(seconds=2)
        snapshot = self._maker.record_of(event, when)
        contrary = self._maker.record_of(event, when, snapshot.own_id)
        self._world.amid["trial"] = Amid("create", f"{event}.json.new", self._kill_for_a_while)
        self._put([snapshot, contrary])
        if self._comes(lambda: "trial" not in self._world.amid):
            self._put([self._maker.record_of(event, when - timedelta(seconds=1))])
        self._is_all_done()

    def _damage(self) -> None:
        """Archivers that begin at the same moment find the ledger damaged; one takes long to move it."""
        self._need_two_archivers()
        for archiver in self._archivers():
            archiver.restart_s = 0.001
        for _ in range(3):
            if not self._is_all_done():
                break
            self._end_all()
            if self._ledgers.path.exists():
                self._ledgers.spoil(self._chance)
            self._world.amid["trial"] = Amid("rename", "archive.db", self._world.hold_up)
            self._put([self._maker.record_of(self._chance.choice(KINDS), self._now()) for _ in range(16)])
        self._is_all_done()
        self._world.amid.pop("trial", None)

    def _die_compressing(self) -> None:
        """Retention dies behind the first file that it removes."""
        world, lines = self._world, self._lines_of_old_days()
        if not lines or not self._is_all_done():
            return
        self._put(lines[:1])
        self._is_all_done()
        self._retain()
        self._put(lines)
        self._is_all_done()
        world.amid["trial"] = Amid("remove", ".jsonl", world.doom)
        self._retain()
        world.amid.pop("trial", None)
        self._audit.look()

    def _come_for_another_day(self) -> None:
        """What a crash left of a line stands there while its id comes for another day; then more comes behind it."""
        self._need_two_archivers()
        kinds = self._kinds_that_are_kept()
        if not kinds or not self._is_all_done():
            return
        event, now = self._chance.choice(kinds), self._now()
        left = self._maker.record_of(event, now)
        self._world.amid["trial"] = Amid("sync", ".jsonl", self._kill_for_a_while)
        self._put([left])
        if self._comes(lambda: "trial" not in self._world.amid):
            self._put([self._maker.record_of(event, now - timedelta(days=1), left.own_id)])
            self._world.scheduler.sleep("another day's line", 1.0)
            self._put([self._maker.record_of(event, now)])
        self._is_all_done()
        self._world.amid.pop("trial", None)

    def _grow_old(self) -> None:
        """Retention takes the old lines out of a file, sums them up, and adds what is late to the sum, if it can."""
        now = self._now()
        for spoils in (False, self._chance.random() < 0.5):
            old = self._maker.record_of("state_event", now - timedelta(days=7, hours=30))
            self._put([old, self._maker.record_of("state_event", now)])
            if not self._is_all_done():
                return
            summaries = sorted(self._world.root.glob("summaries/events/*.json"))
            if spoils and summaries:
                self._world.disturbed_by_hand = True
                self._chance.choice(summaries).write_bytes(REMARK)
            self._retain()

    def _lose_the_ledger(self) -> None:
        """It is deleted amid a batch; others write to the same file by the next one before the first goes on."""
        self._need_two_archivers()
        kinds = self._kinds_that_are_kept()
        if not kinds or not self._is_all_done():
            return
        event = self._chance.choice(kinds)

        def lose(path: Path) -> None:
            self._ledgers.remove()
            self._world.hold_up(path)

        self._world.amid["trial"] = Amid("create", ".jsonl", lose)
        for _ in range(6):
            self._put([self._maker.record_of(event, self._now())])
            self._world.scheduler.sleep("the next line", 1.0)
        self._is_all_done()
        self._world.amid.pop("trial", None)

    def _take_out(self) -> None:
        """A person takes the last line out of a file; another as long comes, and its archiver dies amid its batch."""
        kinds = self._kinds_that_are_kept()
        if not kinds:
            return
        last, other = self._as_long(self._chance.choice(kinds))
        self._put([last])
        if not self._is_all_done():
            return
        self._end_all()
        if self._lose_the_last(last):
            # first the archiver looks at what is left of the file
            self._world.amid["trial"] = Amid("sync", ".jsonl", lambda _path: self._die_at_the_next("sync"))
        self._put([other])
        self._is_all_done()
        self._world.amid.pop("trial", None)

    def _die_at_the_next(self, operation: str) -> None:
        self._world.amid["trial"] = Amid(operation, ".jsonl", self._kill_for_a_while)

    def _as_long(self, event: str) -> list[Given]:
        """Two whose lines are of one length."""
        found: dict[int, Given] = {}
        while True:
            one = self._maker.record_of(event, self._now())
            if b"\n" in one.payload or one.payload.startswith(b"{ "):
                continue
            if other := found.get(len(one.payload)):
                return [other, one]
            found[len(one.payload)] = one

    def _lose_the_last(self, given: Given) -> bool:
        """By hand, if it is the last line of its file."""
        world, when = self._world, given.when
        assert when is not None and given.own_id is not None
        name = place_of(given.event, given.symbol, when)[1]
        lines = self._audit.shelf.lines(name) if self._audit.shelf.size(name) else []
        if not lines or lines[-1].line_id != given.own_id:
            return False
        self._audit.shorten(name)
        self._audit.lose({given.own_id})
        world.disturbed_by_hand = True
        os.truncate(world.root / name, lines[-2].end if len(lines) > 1 else 0)
        world.story.tell("world", f"{given.own_id} is taken out of {name}")
        return True

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
