"""What engines do: lives of signals, records, from several threads, and from a signal's handler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signaltape.emitter import Emitter
from tests.simulation.kernel.machines import Process
from tests.simulation.kernel.threads import Event, Thread
from tests.simulation.worlds.spine_base import SpineBase
from tests.simulation.worlds.truth import Given, Key, frames_of
from tests.support.samples import closed, published, triggered

#: How long an engine waits between bursts, in seconds: engines differ.
PACES = (
    (0.001, 0.02, 0.3, 2.0),
    (0.001, 0.02, 0.3, 2.0),
    (0.001, 0.001, 0.005),
    (0.0001, 0.0005, 3.0),
    (0.3, 2.0, 10.0, 30.0),
    (0.02, 2.0, 60.0),
)
#: How many signals may come one in the midst of the other's handler.
_DEEPEST = 3
#: How many threads emit beside the main one.
_THREADS = (0, 0, 1, 1, 3)
#: How likely they go on while the emitter is closed.
_CLOSED_AMID = 0.4
#: Then it is closed after so long, and a thread has so many bursts of events left.
_ENDS_AFTER_S, _LAST_WORDS = 0.0005, 3
#: Bytes that an event has besides what it needs.
_BALLAST = (0, 0, 0, 150, 500)
#: How likely it gives something that breaks the contract.
_REFUSED = 0.01
#: So many of its words are its first, and how likely one is looked at that comes later.
_FIRST, _LATER = 2, 0.03


class Workload:
    """One engine: each start is a new process, with an emitter of its own.

    ship: whether its emitter ships.
    """

    def __init__(self, world: SpineBase, name: str, *, ship: bool) -> None:
        self._world = world
        self._name = name
        self._ship = ship
        self._number = 0
        self._emitter: Emitter | None = None
        self._stop: Event | None = None
        self._accepted = 0
        self._open: list[str] = []
        self._mine: set[Given] = set()
        self._handlers = 0
        #: given in a handler within a handler, and how many files had failed then; and how many of those may be nowhere
        self._late: list[tuple[Given, int]] = []
        self._unsure = 0
        self._hurrying = 0
        #: it is killed right after its next event
        self.dies_soon = False
        #: no more events are to come, but for so many
        self.over = False
        self.farewells = 0
        self.process: Process | None = None

    def run(self, process: Process, stop: Event) -> None:
        """The engine's main: emits until asked to stop, then closes."""
        world, chance = self._world, process.random
        self.process, self._accepted, self._open, self._mine = process, 0, [], set()
        self._late, self._unsure = [], 0
        self._emitter, self._stop = None, stop
        self._waits = world.pace or chance.choice(PACES)
        self._handlers = self._hurrying = 0
        emitter = self._emitter = world.emitter(process, ship=self._ship)
        threads = [
            Thread(world.scheduler, target=lambda: self._emit_until(stop, process, emitter), name="emits")
            for _ in range(chance.choice(_THREADS))
        ]
        for thread in threads:
            thread.start()
        self._emit_until(stop, process, emitter)
        amid = chance.random() < _CLOSED_AMID
        if not amid:
            self._end(threads)
            self._check_counts(emitter)
        else:  # the threads are to be about it
            world.amid.closing.add(process)
            world.scheduler.sleep("its end", _ENDS_AFTER_S)
        before = frozenset(self._mine)
        if emitter.close(chance.choice((0.0, 1.0, 5.0))) and self._ship:
            self._world.keeping.check_closed(self._name, before)
        if amid:
            self._end(threads)
            self._check_counts(emitter)

    def _end(self, threads: list[Thread]) -> None:
        for thread in threads:
            thread.join()
        self._world.scheduler.wait(lambda: not self._hurrying)

    def from_handler(self) -> None:
        """Emit in the middle of whatever the main thread is doing."""
        if self._emitter is None or self.process is None or self._handlers == _DEEPEST or self.over:
            return
        self._handlers += 1
        try:
            self._emit_one(self.process, self._emitter)
        finally:
            self._handlers -= 1

    def hurry(self, while_: Callable[[], bool]) -> None:
        """Emit without a pause, in a thread of its own, as long as somebody wants."""
        process, emitter, stop = self.process, self._emitter, self._stop
        if process is None or emitter is None or stop is None or not process.running or self.over:
            return

        def emit() -> None:
            self._hurrying += 1
            try:
                while while_() and not stop.is_set() and not self.over:
                    self._emit_one(process, emitter)
            finally:
                self._hurrying -= 1

        process.start(emit, "hurries")

    def _emit_until(self, stop: Event, process: Process, emitter: Emitter) -> None:
        chance = process.random
        last_words = _LAST_WORDS
        while not stop.is_set() or (
            last_words and process in self._world.amid.closing and not self._is_main()
        ):
            if stop.is_set():
                last_words -= 1
            if self._is_silent():
                stop.wait(1.0)
                continue
            for _ in range(chance.choice((1, 1, 2, 5, 20))):
                if emitter is not self._emitter:
                    return
                if self._is_silent():
                    break
                if self.over and self._accepted:
                    self.farewells -= 1
                self._emit_one(process, emitter)
                if self._late and self._is_main():
                    self._accept_late()
            stop.wait(chance.choice(self._waits))

    def _is_silent(self) -> bool:
        """Whether it has said all. Whoever says nothing at all ships nothing, not even what others left."""
        return self.over and bool(self._accepted) and not self.farewells

    def _emit_one(self, process: Process, emitter: Emitter) -> None:
        chance = process.random
        self._number += 1
        token = f"{self._name}-{self._number}"
        kind = chance.random()
        if kind < 0.4 or not self._open:
            signal_id = self._world.new_signal_id(process)
            event = published(signal_id, token=token, **self._ballast(process))
            self._give(Key(signal_id, "signal_published"), token, emitter.published, event)
            self._open.append(signal_id)
        elif kind < 0.7:
            signal_id = chance.choice(self._open)
            event = triggered(signal_id, token=token, **self._ballast(process))
            self._give(Key(signal_id, "signal_triggered"), token, emitter.triggered, event)
        elif kind < 0.8:
            signal_id = chance.choice(self._open)
            self._give(Key(signal_id, "signal_closed"), token, emitter.closed, closed(signal_id, token=token))
        else:
            one = self._world.new_signal_id(process)
            state = {"id": one, "symbol": "SOL-USDT-SWAP", "eventType": "ENTRY", "token": token}
            self._give(Key(one, "record"), token, emitter.state, state)
        if chance.random() < _REFUSED and emitter.triggered({"signal_id": token}):
            self._world.fail("refuses what breaks the contract", f"{token} was taken")

    def _ballast(self, process: Process) -> dict[str, str]:
        """Events differ in size: where one finds no room in a segment, a smaller one may."""
        size = process.random.choice(_BALLAST)
        return {"ballast": "." * size} if size else {}

    def _give(self, key: Key, token: str, emit: Any, event: dict[str, Any]) -> None:
        truth, story, given = self._world.truth, self._world.story, Given(key, token)
        assert self.process is not None
        truth.attempt(given)
        story.tell(self.process.name, f"emits {given}")
        if not emit(event):
            story.tell(self.process.name, f"emit refuses {token}")
        elif self._handlers > 1 and self._is_main():
            story.tell(
                self.process.name, f"emit says that {token} is safe as soon as what it interrupted goes on"
            )
            self._late.append((given, self._world.file_errors[self.process]))
        else:
            self._accept(given)

    def _accept(self, given: Given) -> None:
        process = self.process
        assert process is not None
        self._world.truth.accept(given)
        self._mine.add(given)
        self._accepted += 1
        self._world.story.tell(process.name, f"emit says that {given.token} is safe")
        if self.dies_soon:
            self._world.disturb()
            process.kill()
        self._world.damage.emitted(process, given)
        self._end_here(given.token)

    def _accept_late(self) -> None:
        """What came in a handler within a handler may have been left to the thread, which goes on only now.

        If a file failed it meanwhile, it may still be in memory: then nothing was promised that can be held.
        """
        late, self._late = self._late, []
        for given, errors in late:
            if self._is_kept(given):
                self._accept(given)
                continue
            self._unsure += 1
            if errors == self._world.file_errors[self.process]:
                self._world.fail(
                    "safe when emit says so", f"{given} stands in no journal, and no file failed"
                )

    def _is_kept(self, given: Given) -> bool:
        """Whether it is in a journal, or was."""
        assert self.process is not None
        world = self._world
        if world.keeping.was_sent(given) or given in world.truth.evicted | world.truth.excused:
            return True
        segments = self.process.machine.folder.glob("home/journal/*/*.seg")
        return any(given in frames_of(path) for path in segments)

    def _is_main(self) -> bool:
        task = self._world.scheduler.current
        return task is not None and task.name.endswith("/main")

    def _end_here(self, token: str) -> None:
        """Sometimes it is killed at its word, most often at one of the first: nobody has shipped anything of it yet."""
        process, faults = self.process, self._world.faults
        assert process is not None
        if self._accepted > _FIRST and process.random.random() >= _LATER:
            return
        if faults.strikes("killed at its word", f"{process.name}, {token}"):
            process.kill()

    def _check_counts(self, emitter: Emitter) -> None:
        keeping, process = self._world.keeping, self.process
        assert process is not None
        if self._world.damage.beyond_counting or "bit flips" in self._world.faults.rates:
            return
        before, least = self._accepted, keeping.dropped[process].least
        stats = emitter.stats()
        counted, dropped = stats["accepted"], stats["dropped"]  # a handler may emit in the middle of it
        if not least <= dropped <= keeping.dropped[process].most:
            self._world.fail(
                "counters",
                f"{self._name} counts {dropped} dropped events, there were {keeping.dropped[process]}",
            )
        if not before <= counted <= self._accepted + self._unsure + len(self._late):
            self._world.fail(
                "counters", f"{self._name} counts {counted} accepted events, there were {self._accepted}"
            )
