"""Faults of the engine and its journal."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from signaltape.journal.home import journal_folders
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.journal.segment import segment_numbers, segment_path
from tests.chaos.registry import fault, started
from tests.chaos.rig import Rig

_SHIPS_ITSELF = {"CHAOS_SHIP_IN_ENGINE": "1"}
_without_shipper = started(shippers=0)
_shipping_engine = started(shippers=0, mode="term", engine=_SHIPS_ITSELF)


def _next_engine(rig: Rig, *, ships_itself: bool = False) -> None:
    """A new engine goes on where the killed one was."""
    start = len(rig.record.read_bytes().rstrip(b"\0"))
    rig.start_engine(start=start, env=_SHIPS_ITSELF if ships_itself else None)


@fault(soak=True)
def engine_kill_9(rig: Rig) -> None:
    for engine in rig.of("engine"):
        engine.kill()
    _next_engine(rig)


@fault(_shipping_engine)
def engine_kill_9_with_its_shipper_thread(rig: Rig) -> None:
    for engine in rig.of("engine"):
        engine.kill()
    _next_engine(rig, ships_itself=True)
    rig.await_engines()
    rig.start_shipper()  # what the last engine could not ship before it ended


@fault(_shipping_engine)
def engine_sigterm(rig: Rig) -> None:
    for engine in rig.of("engine"):
        engine.send(signal.SIGTERM)
        engine.popen.wait(30)
    _next_engine(rig, ships_itself=True)
    rig.await_engines()
    rig.start_shipper()


@fault(started(mode="fork"))
def engine_forks_mid_write(_rig: Rig) -> int:
    return 3


@fault()
def engine_disk_full_under_the_journal(rig: Rig) -> None:
    (engine,) = rig.of("engine")
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(engine.popen.pid, resource.RLIMIT_FSIZE, (1024, unlimited))
    rig.pause(0.6)
    resource.prlimit(engine.popen.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    rig.await_engines()
    rig.start_engine(start=0)  # what was refused meanwhile is emitted again, by an engine that retries


@fault()
def two_engines_in_one_home(rig: Rig) -> None:
    rig.start_engine(start=0)  # the same events at the same time: duplicates of the first


def _end_of_frames(rig: Rig) -> tuple[Path, int]:
    """The last segment of the only journal, and where its frames end."""
    (folder,) = journal_folders(rig.tape_home)
    reader = JournalReader(folder, JournalPosition(0, 0, 0))
    while reader.read(1000, 1 << 30):
        pass
    place = reader.position
    reader.close()
    return segment_path(folder, place.segment), place.offset


@fault(_without_shipper)
def torn_journal_tail(rig: Rig) -> None:
    for engine in rig.of("engine"):
        engine.kill()
    path, offset = _end_of_frames(rig)
    with path.open("r+b") as file:  # half of a frame, as a kill in the middle of a write leaves it
        file.seek(offset)
        file.write((300).to_bytes(4, "little") + b"\x12\x34\x56\x78" + b'{"signal_id":"8c6d6a4e')
    rig.start_shipper()
    _next_engine(rig)


@fault(_without_shipper)
def bit_flips_in_the_journal(rig: Rig) -> int:
    """One bit in each of ten accepted events that were not shipped yet."""
    for engine in rig.of("engine"):
        engine.kill()
    (folder,) = journal_folders(rig.tape_home)
    path = segment_path(folder, segment_numbers(folder)[0])
    raw = bytearray(path.read_bytes())
    at = 0
    for number in range(10):
        at = raw.index(b'"symbol"', at) + 3
        raw[at] ^= 1 << (number % 8)
    path.write_bytes(raw)
    rig.start_shipper()
    _next_engine(rig)
    return 10


@fault(started(mode="clock"))
def clock_jumps_back_an_hour(_rig: Rig) -> None:
    """The engine itself does it, at half of its events."""


#: Shipped journals are kept this long where an outage is to be longer.
_KEEP_S = 2


def _engine_that_pauses(rig: Rig) -> None:
    rig.start_shipper(env={"SIGNALTAPE_SHIPPED_KEEP_S": str(_KEEP_S)})
    rig.start_worker()
    rig.start_engine(mode="pause")


@fault(_engine_that_pauses)
def engine_dies_in_an_outage_longer_than_the_keep_time(rig: Rig) -> None:
    """Idle and all shipped; then Redis is out of reach, the engine emits and dies, and the keep time passes."""
    (engine,) = rig.of("engine")
    rig.await_stored(rig.events // 2)
    rig.pause(0.2)
    rig.redis_proxy.away()
    rig.pause(1.5)  # by now the shipper knows, without having seen anything new
    engine.send(signal.SIGUSR1)
    rig.await_accepted(rig.events)
    engine.kill()
    rig.pause(_KEEP_S + 4)  # by now the shipper tries so seldom that it first looks around, then ships
    rig.redis_proxy.back()


@fault(started(shippers=0, mode="children", engine=_SHIPS_ITSELF))
def children_of_a_parent_that_never_emitted(rig: Rig) -> int:
    """Processes of multiprocessing end in their own way, and nobody else ships what they said."""
    rig.await_engines()
    return 3


@fault(started(shippers=0, mode="parent-and-children", engine=_SHIPS_ITSELF))
def children_of_a_parent_that_emitted(rig: Rig) -> int:
    rig.await_engines()
    return 3
