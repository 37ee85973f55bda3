"""What troubles an archive: its disk, its clock, its power, and persons who touch its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from tests.simulation.kernel.machines import NS
from tests.simulation.worlds.archive_audit import Audit
from tests.simulation.worlds.archive_base import Amid, ArchiveBase
from tests.simulation.worlds.archive_ledgers import Ledgers
from tests.simulation.worlds.archive_shelf import REMARK
from tests.simulation.worlds.nemesis import Nemesis

_HOUR_S = 3600
_LINES = ".jsonl"
#: Ids are kept for eight days; so long may all of a run take.
MOST_S = 7 * 24 * _HOUR_S


class ArchiveNemesis(Nemesis):
    """The troubles of servers and machines, and those of an archive: most of these end all of its programs."""

    EVERY_S = (1.0, 4.0, 12.0)

    def __init__(self, world: ArchiveBase, audit: Audit, ledgers: Ledgers) -> None:
        super().__init__(cast("Any", world))
        self._of = world
        self._audit = audit
        self._ledgers = ledgers
        self._passed_s = 0.0
        #: copies of the ledger that a person made
        self._copies: list[bytes] = []
        self._acts |= {
            "disk full": self._disk_full,
            "time passes": self._pass,
            "power cut": self._cut_power,
            "ledger deleted": self._delete_ledger,
            "ledger damaged": self._damage_ledger,
            "ledger restored": self._restore_ledger,
            "file edited": self._edit,
            "something amid a batch": self._arm,
        }

    def _disk_full(self, seconds: float) -> str:
        def fill(full: bool) -> None:
            for machine in self._of.hosts:
                machine.full = full

        fill(True)
        return self._for(seconds, lambda: fill(False), "the disk full")

    def _pass(self, _seconds: float) -> str:
        """All machines stand still, or nothing happens, for hours."""
        seconds = self._chance.choice((0.5, 3, 9, 20, 26)) * _HOUR_S
        if self._passed_s + seconds < MOST_S:
            self._passed_s += seconds
            self._of.scheduler.now_ns += int(seconds * NS)
            self._audit.look_at_clocks()
            self._of.disturb()
            self._of.story.tell("world", f"{seconds / _HOUR_S} hours pass")
        return "passed"

    def _stop_all(self) -> None:
        for process in self._of.supervisor.processes():
            process.kill()

    def _cut_power(self, _seconds: float) -> str:
        self._of.cut_power()
        return "cut"

    def _delete_ledger(self, _seconds: float) -> str:
        self._of.disturbed_by_hand = True
        if self._chance.random() < 0.5:
            self._stop_all()
        self._ledgers.remove()
        return "deleted"

    def _damage_ledger(self, seconds: float) -> str:
        self._stop_all()
        if not self._ledgers.path.exists():
            return "none"
        self._ledgers.spoil(self._chance)
        if self._chance.random() < 0.3:
            self._of.immovable = True
            self._for(seconds, lambda: setattr(self._of, "immovable", False), "a folder that lets nothing go")
        return "damaged"

    def _restore_ledger(self, _seconds: float) -> str:
        """Stop, copy or restore, start."""
        self._stop_all()
        if not self._ledgers.path.exists():
            return "none"
        if not self._copies or self._chance.random() < 0.3:
            copy = self._ledgers.copy()
            self._copies += [] if copy is None else [copy]
            return "copied"
        copy = self._chance.choice((self._copies[0], self._chance.choice(self._copies)))
        self._ledgers.restore(copy, without_digests=self._chance.random() < 0.3)
        return "restored"

    def _edit(self, _seconds: float) -> str:
        audit = self._audit
        summaries = sorted(self._of.root.glob("summaries/*/*.json"))
        if summaries and self._chance.random() < 0.2:
            self._of.disturbed_by_hand = True
            self._chance.choice(summaries).write_bytes(REMARK)
            return "a summary is spoiled"
        names = [name for name in audit.shelf.files() if audit.shelf.size(name) and audit.is_readable(name)]
        if not names or self._of.sqlite.in_transaction():
            return "none"
        path = self._of.root / self._chance.choice(names)
        if self._chance.random() < 0.3:
            self._scribble(path)
        else:
            self._cut_file(path)
        return "edited"

    def _scribble(self, path: Path) -> None:
        """A person writes a remark into a file; no line of the archive is lost by that."""
        name = str(path.relative_to(self._of.root))
        if path.suffix == ".jsonl" and path.read_bytes().endswith(b"\n"):
            self._audit.touched.add(name)
            self._of.disturbed_by_hand = True
            with path.open("ab") as file:
                file.write(REMARK + b"\n")
            self._of.story.tell("world", f"a remark is written into {name}")

    def _cut_file(self, path: Path) -> None:
        audit, name = self._audit, str(path.relative_to(self._of.root))
        size = audit.shelf.size(name)
        if not size:
            return
        lines = audit.shelf.lines(name)
        length = self._chance.choice((size - 1, self._chance.randrange(size)))  # without its end, or anywhere
        audit.shorten(name)
        packed = name.endswith(".zst")
        audit.lose({line.line_id for line in lines if packed or line.end > length})
        with path.open("r+b") as file:
            file.truncate(length)
        self._of.disturbed_by_hand = True
        self._of.story.tell("world", f"{name} is cut to {length} of {size} bytes")

    def _arm(self, _seconds: float) -> str:
        """The next batch is in trouble in its midst."""

        def delete(_path: Path) -> None:
            self._ledgers.remove()
            self._of.story.tell("world", "the ledger is deleted amid a batch")

        def kill(_path: Path) -> None:
            process = self._of.disk.process
            assert process is not None
            self._of.story.tell("world", f"{process.name} dies behind what it wrote")
            self._of.look_at_once = self._chance.random() < 0.8
            process.kill()

        def cut_power(_path: Path) -> None:
            self._of.cut_power()

        def delete_and_kill(path: Path) -> None:
            delete(path)
            kill(path)

        acts = {
            "a ledger that goes": Amid("create", _LINES, delete),
            "a file that is cut": Amid("create", _LINES, self._cut_file),
            "death": Amid("sync", _LINES, kill),
            "death before a snapshot": Amid("create", "_snapshot.json.new", kill),
            "no power": Amid("sync", _LINES, cut_power),
            "no power for a new file": Amid("sync", _LINES, cut_power, self._of.shadow.is_new),
            # a file is there in both its forms
            "death amid what was planned": Amid("remove", _LINES, kill),
            "death behind a removal": Amid("remove", _LINES, self._of.doom),
            "a ledger that is moved slowly": Amid("rename", "archive.db", self._of.hold_up),
            "death with the ledger": Amid("remove", _LINES, delete_and_kill),
        }
        name = self._chance.choice([*sorted(acts), "death before a snapshot"])
        self._of.amid[name] = acts[name]
        return "armed"
