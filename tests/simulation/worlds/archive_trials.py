"""A last trial by a script, once all faults have ended: for what only shows if things come one behind the other."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from tests.simulation.kernel.machines import Process
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import SLOW_S, Amid, ArchiveBase
from tests.simulation.worlds.archive_given import KINDS, Given, place_of
from tests.simulation.worlds.archive_ledgers import Ledgers
from tests.simulation.worlds.archive_programs import Programs
from tests.simulation.worlds.archive_shelf import REMARK
from tests.simulation.worlds.archive_trial_acts import TrialActs


class LastTrial(TrialActs):
    """One of several scripts, or none."""

    def __init__(self, world: ArchiveBase, audit: Audit, ledgers: Ledgers, programs: Programs) -> None:
        super().__init__(world, audit, ledgers, programs)
        self.is_over = False

    def begin(self) -> None:
        """Let one begin."""
        scripts: dict[str, Callable[[], None]] = {
            "an older ledger": self._restore,
            "an older ledger amid compression": self._retain_first,
            "a contradicted snapshot": self._contradict,
            "a damaged ledger": self._damage,
            "death amid compression": self._die_compressing,
            "one id for two days": self._come_for_another_day,
            "half of a file is old": self._grow_old,
            "the last line is taken out": self._take_out,
            "a ledger that is gone": self._lose_the_ledger,
            "a ledger that is gone amid compression": self._lose_the_ledger_compressing,
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

    def _retain_first(self) -> None:
        """Retention dies between the two steps of a compression; once an older ledger is back, another comes first."""
        lines = self._lines_of_old_days()
        if not lines or not self._is_all_done():
            return
        self._end_all()
        copy = self._ledgers.copy() if self._ledgers.path.exists() else None
        self._put(lines)
        self._is_all_done()
        self._world.amid["trial"] = Amid(
            "remove", ".jsonl", self._kill, lambda path: os.path.exists(f"{path}.zst")
        )
        self._retain()
        self._end_all()
        self._world.amid.pop("trial", None)
        if copy is not None:
            self._ledgers.restore(copy)
        self._retain()
        self._is_all_done()
        self._audit.look()

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

    def _lose_the_ledger_compressing(self) -> None:
        """It is deleted while compression removes a plain file; by the next one others write to that day meanwhile."""
        self._need_two_archivers()
        lines, world = self._lines_of_old_days(), self._world
        if not lines or not self._is_all_done():
            return

        def lose(_path: Path) -> None:
            self._ledgers.remove()
            self._put(lines[1:])
            world.scheduler.sleep("a slow disk", SLOW_S)

        world.amid["trial"] = Amid("remove", ".jsonl", lose, lambda path: os.path.exists(f"{path}.zst"))
        self._put(lines[:1])
        self._is_all_done()
        self._retain()
        self._is_all_done()
        world.amid.pop("trial", None)

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
