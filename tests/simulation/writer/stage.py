"""Who goes on, and what goes wrong: all by a seed. One worker goes on at a time, or waits for a lock of the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from consumer.decoding.decode import decode_entries
from consumer.entry import Entry
from sink.db import Connection
from sink.write.lines import prepare
from tests.simulation.writer.holding import SQL, Holding
from tests.simulation.writer.players import NEXT_BATCH, Player
from tests.simulation.writer.script import Script

#: How long a statement may take before it is asked whether it waits for a lock.
_PATIENCE_S = 0.01
#: Asked so often it hangs.
_MOST_ASKED = 3000


class Stage:
    """Two workers, a script, and the tables they write to."""

    def __init__(
        self, random: random.Random, script: Script, players: Sequence[Player], connection: Connection
    ) -> None:
        self._random = random
        self._script = script
        self._players = players
        self._connection = connection
        self._holding = Holding(connection)
        self._fault_rate = random.choice((0.0, 0.004, 0.02))
        self._stickiness = random.choice((0.3, 0.7, 0.95))
        self._last = players[0]
        #: batches were committed, or given up, since the tables were looked at
        self._is_news = False
        self.steps = 0
        self.story: list[str] = []
        self.counts: Counter[str] = Counter()

    @property
    def violations(self) -> list[str]:
        """What was found to be wrong."""
        return self._holding.violations

    def play(self, steps: int) -> None:
        """Go so many steps, then let the workers finish; stop at the first violation."""
        try:
            self._play(steps)
        finally:
            for player in self._players:
                if not player.ended:
                    self._end(player, by_operator=True)
                    player.leave()

    def _play(self, steps: int) -> None:
        for player in self._players:
            player.start()
            self._settle(player)
        while not self.violations and (able := [one for one in self._players if not one.ended]):
            self._step(self._choose(able), last=self.steps >= steps)
        if not self.violations:
            self._holding.finish()

    def _choose(self, able: list[Player]) -> Player:
        free = [one for one in able if not one.blocked]
        blocked = [one for one in able if one.blocked]
        if not free:  # each waits for the other: the server ends that
            self.counts["deadlocks"] += 1
            for one in blocked:
                self._settle(one, alone=True)
            return self._choose(able)
        if self._last in free and self._random.random() < self._stickiness:
            return self._last
        self._last = self._random.choice(free)
        return self._last

    def _step(self, player: Player, *, last: bool) -> None:
        self.steps += 1
        doing = player.at
        if doing == NEXT_BATCH:
            entries = None if last else self._script.batch()
            player.given = None if entries is None else prepare(decode_entries(entries))
            self._tell(player, "leaves" if entries is None else f"takes {_described(entries)}")
        fault = "" if last else self._fault(player, doing)
        self._tell(player, f"{doing}{f', but {fault}' if fault else ''}")
        player.go(lose=fault == "the answer is lost")
        self._settle(player)
        self._hear(player)
        for other in self._players:
            if other is not player and (other.blocked or other.has_committed):
                self._settle(other)
                self._hear(other)
        if self._is_news and not any(one.session and one.session.makes_partitions for one in self._players):
            self._is_news = False
            self._holding.compare()

    def _fault(self, player: Player, doing: str) -> str:
        """Maybe end a session; which fault."""
        rate = self._fault_rate
        if doing == "COMMIT" and self._random.random() < 10 * rate:
            return self._counted("the answer is lost")
        if self._random.random() >= rate:
            return ""
        other = next((one for one in self._players if one.blocked), None)
        if other is not None and self._random.random() < 0.5:
            self._end(other, by_operator=True)
            self._tell(other, "is ended while it waits")
            self._settle(other)
            self._hear(other)
            return ""
        if player.pid is None or doing in (NEXT_BATCH, "connect"):
            return ""
        by_operator = self._random.random() < 0.5
        self._end(player, by_operator=by_operator)
        return self._counted("the session is ended" if by_operator else "the line is broken")

    def _end(self, player: Player, *, by_operator: bool) -> None:
        session, pid = player.session, player.pid
        if session is None or pid is None:
            return
        if by_operator:
            self._connection.execute(SQL["end"], {"pid": pid})
        else:
            session.break_line()
        others = self._pids_but(player)
        while self._ask("alive", pid):
            if self._ask(
                "blocked", pid, others
            ):  # it waits for a lock, and does not notice that the line is broken
                self._connection.execute(SQL["end"], {"pid": pid})

    def _counted(self, what: str) -> str:
        self.counts[what] += 1
        return what

    def _settle(self, player: Player, *, alone: bool = False) -> None:
        """Wait until it stands again, or waits for the other one. alone: not even then."""
        patience_s = 0.0 if player.blocked else _PATIENCE_S  # it may well wait still
        for _ in range(_MOST_ASKED):
            if player.stands(patience_s):
                player.blocked = False
                return
            if not alone and self._is_blocked(player):
                if not player.blocked:
                    self.counts["waits for the other"] += 1
                    self._tell(player, "waits for the other")
                player.blocked = True
                return
            patience_s = _PATIENCE_S
            if alone and any(not one.blocked for one in self._players if one is not player):
                alone = False
        raise TimeoutError(f"worker {player.number} hangs at {player.at}")

    def _is_blocked(self, player: Player) -> bool:
        return player.pid is not None and self._ask("blocked", player.pid, self._pids_but(player))

    def _pids_but(self, player: Player) -> list[int]:
        return [one.pid for one in self._players if one is not player and one.pid is not None]

    def _ask(self, name: str, pid: int, others: Sequence[int] = ()) -> bool:
        row = self._connection.execute(SQL[name], {"pid": pid, "others": list(others)}).fetchone()
        return bool(row and row[0])

    def _hear(self, player: Player) -> None:
        """Take in what its last step has brought."""
        batch = player.given
        if player.has_committed:
            player.has_committed = False
            assert batch is not None
            self._tell(player, "has committed")
            self._is_news = True
            self._holding.committed(player, batch)
        if player.error is not None:
            error, player.error = player.error, None
            assert batch is not None
            self._tell(player, f"is told {error}")
            self.counts["refused" if error.refused else "not now"] += 1
            self._is_news = True
            self._holding.failed(player, batch, error)
        if player.outcome is not None:
            outcome, player.outcome = player.outcome, None
            self._tell(player, f"is told {outcome}")
            self.counts.update(outcome._asdict())
            self.counts["batches"] += 1
            self._holding.answered(player, outcome)

    def _tell(self, player: Player, what: str) -> None:
        self.story.append(f"{self.steps:5} worker {player.number}: {what}")


def _described(entries: Sequence[Entry]) -> str:
    return f"{len(entries)} entries, {entries[0].stream} {entries[0].entry_id} to {entries[-1].entry_id}"
