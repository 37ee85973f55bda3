"""The loop: look, follow, commit with the place, tell, let the tape go. One ghost works, others stand by.

A kill at any moment leaves what was committed last, and the place that belongs to it; all else is done again the same.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from msgspec import Struct

from consumer.batch_size import BatchSize
from consumer.link import RedisError
from consumer.tape_order import TapeReader
from ghost.ghosts import Ghosts
from ghost.incoming import Commanded, Item, Published, read
from ghost.late import Late
from ghost.placing import order_id_of
from ghost.settings import ROOM, GhostSettings
from ghost.store import Overtaken, Store
from signaltape.emitter import Emitter
from signaltape.failpoints import failpoint
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from signaltape.settings import Secret
from signaltape.shipping.backoff import Backoff
from signaltape.stream import entry_time_ms
from sink.db import DatabaseError, connect, end_once_idle
from sink.outgoing import emit_committed

log = logging.getLogger("ghost")

#: Entries of a partition in one transaction.
MOST = 4_000
#: What they may take together, roughly.
ENOUGH_BYTES = 16 * 1024 * 1024
#: Whoever stands by, and whoever waits for the tape, looks again so often.
_STAND_BY_S = 0.5
_WAIT_MS = 500
#: While an entry's millisecond is not over, others may come.
_AGAIN_MS = 20
#: What lies further ahead than this is said: a producer chose its ids itself, or a clock was set back.
_AHEAD_MS = 5_000
#: A ghost that asks Postgres nothing for so long hangs: its session ends, and one that stands by goes on. It asks at
#: each look at the tape, and at each page of what came late; this is longer than all that waits for a Redis that does
#: not answer.
_HUNG_S = 90.0
_AWAY = (DatabaseError, *RedisError)


class Counted(Struct):
    """What this process has done so far, and how it stands. position_ms: of the last entry that was read."""

    entries: int = 0
    items: int = 0
    unread: int = 0
    commits: int = 0
    told: int = 0
    open_orders: int = 0
    open_lines: int = 0
    position_ms: int = 0
    leads: bool = False


class Runner:
    """Follows one tape until stopped.

    make_reader: of its own server and group, for this thread. once: up to the tape's end; then the first error ends it.
    hung_s: after so long without a question to Postgres another one may lead.
    """

    def __init__(
        self,
        settings: GhostSettings,
        database: Secret,
        make_reader: Callable[[], TapeReader],
        tape: Emitter,
        stop: threading.Event,
        *,
        once: bool = False,
        most: int = MOST,
        hung_s: float = _HUNG_S,
    ) -> None:
        self._settings, self._database, self._tape = settings, database, tape
        self._make_reader, self._stop = make_reader, stop
        self._once, self._most, self._hung_s = once, most, hung_s
        self._notices = Notices()
        self.counted = Counted()

    def run(self) -> Counted:
        """Work until stopped. With `once`, raises DatabaseError or one of RedisError; otherwise waits for ever."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                if self._connected(backoff):
                    break
            except Overtaken:
                self._notices.say("overtaken", "another ghost went on meanwhile: beginning anew behind it")
            except _AWAY as error:
                if self._once:
                    raise
                self._notices.say("away", f"the ghost waits: {one_line(error)}")
            self._stop.wait(backoff.next_s())
        return self.counted

    def _connected(self, backoff: Backoff) -> bool:
        """Work over one session with each server. Whether all is done."""
        reader = self._make_reader()
        try:
            with connect(self._database, name="signaltape-ghost", most_idle_s=self._hung_s) as connection:
                end_once_idle(connection, self._hung_s)
                store = Store(connection)
                if self._wait_to_lead(store):
                    return self._lead(store, reader, backoff)
                return False
        finally:
            self.counted.leads = False
            reader.close()

    def _wait_to_lead(self, store: Store) -> bool:
        said = False
        while not self._stop.is_set():
            if store.lead():
                self.counted.leads = True
                return True
            if not said:
                log.info("another ghost works with this database: standing by")
                said = True
            self._stop.wait(_STAND_BY_S)
        return False

    def _lead(self, store: Store, reader: TapeReader, backoff: Backoff) -> bool:
        ghosts = store.load(self._settings, lambda: self._tape.paused)
        one = Leading(store, reader, ghosts, self._tape, self.counted, self._most)
        one.begin()
        log.info("following %s", ", ".join(reader.keys))
        while not self._stop.is_set():
            did = one.step()
            backoff.reset()
            if did:
                continue
            if self._once and one.is_at_the_end:
                return True
            self._wait(one)
        return True

    def _wait(self, one: Leading) -> None:
        if one.ahead_ms is None:
            one.wait(_WAIT_MS)
            return
        is_far = one.ahead_ms > _AHEAD_MS
        self._stop.wait(min(one.ahead_ms, _WAIT_MS if is_far else _AGAIN_MS) / 1000)
        if is_far:
            ahead_s = one.ahead_ms / 1000
            self._notices.say(
                "ahead", f"the tape holds entries {ahead_s:.0f} s ahead of Redis' clock: they wait"
            )


class Leading:
    """One ghost at work: what it knows belongs to `positions`, and both to what is committed."""

    def __init__(
        self, store: Store, reader: TapeReader, ghosts: Ghosts, tape: Emitter, counted: Counted, most: int
    ) -> None:
        self._store, self._reader, self._ghosts, self._tape = store, reader, ghosts, tape
        self._late = Late(ghosts.recent, reader, store.say_alive)
        self._size = BatchSize(most, ENOUGH_BYTES)
        self.counted = counted
        #: as Postgres has it, and where to read on: these part where a stream was begun anew
        self._stored: dict[str, str] = {}
        self._positions: dict[str, str] = {}
        #: how long until the next entry's millisecond is over
        self.ahead_ms: int | None = None

    def begin(self) -> None:
        """Find the place, and tell what another left untold."""
        self._stored = self._store.positions()
        self._positions = self._reader.begin(self._stored)
        for key, position in self._positions.items():
            if position != self._stored.get(key, position):
                log.warning("%s was begun anew behind %s: it is read from its start", key, self._stored[key])
        lacking = self._reader.lacking(self._positions)
        if lacking:
            log.warning("%s was trimmed before it was read: orders lack bars", ", ".join(lacking))
            self._store.lack_bars()
        self._note()
        self._tell()
        self._let_go()

    @property
    def is_at_the_end(self) -> bool:
        """Whether nothing is there that would be over soon."""
        return self.ahead_ms is None or self.ahead_ms > _AHEAD_MS

    def step(self) -> bool:
        """Take what is there. Whether there was anything."""
        look = self._reader.look(self._positions, self._size.count)
        self.ahead_ms = look.ahead_ms
        if look.entries:
            self._size.weigh(look.entries)
            incoming = read(look.entries)
            known = self._store.known(named(incoming.items))
            done = self._ghosts.take(incoming.items, known, self._late.past)
            failpoint("ghost.taken")
            self._store.commit(done, self._ghosts.recent.latest, self._stored, look.positions, self._tape)
            self._stored = self._positions = look.positions
            self._count(len(look.entries), len(incoming.items), incoming.unread)
            if done.said:
                self._tell()
            failpoint("ghost.told")
            self._let_go()
            return True
        self._tell()
        return False

    def wait(self, ms: int) -> None:
        """Until something is there, or so long; a tape that was flushed is noticed."""
        if not self._reader.wait(self._positions, ms):
            self._let_go()

    def _tell(self) -> None:
        while emitted := emit_committed(self._store.connection, self._tape, ROOM):
            self.counted.told += emitted

    def _let_go(self) -> None:
        gone = self._reader.follow(self._positions)
        failpoint("ghost.let_go")
        if gone:
            log.warning(
                "%s was flushed, or given up while nobody read: what was not read is lost, or comes again",
                ", ".join(gone),
            )
            self._positions = self._reader.begin(self._positions)

    def _count(self, entries: int, items: int, unread: int) -> None:
        self.counted.entries += entries
        self.counted.items += items
        self.counted.unread += unread
        self.counted.commits += 1
        self._note()

    def _note(self) -> None:
        self.counted.open_orders = self._ghosts.open_orders
        self.counted.open_lines = self._ghosts.open_lines
        times = [entry_time_ms(one) for one in self._positions.values()]
        self.counted.position_ms = max(times, default=0)


def named(items: list[Item]) -> set[str]:
    """Ids of orders and lines that may be new here."""
    ids: set[str] = set()
    for item in items:
        if isinstance(item, Published):
            ids.add(order_id_of(item.signal_id))
        elif isinstance(item, Commanded):
            ids |= {one for one in (item.command.order_id, item.command.line_id) if one is not None}
    return ids
