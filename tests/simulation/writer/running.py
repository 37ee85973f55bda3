"""One run: an empty database, one worker or two, a seed."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

import psycopg

from signaltape.settings import Secret
from sink.db import Connection, connect
from tests.simulation.writer.holding import SQL
from tests.simulation.writer.players import Player
from tests.simulation.writer.script import Script
from tests.simulation.writer.sessions import SteppingConnection
from tests.simulation.writer.stage import Stage

#: Mostly two; what one does alone is foreseen in more detail.
_WORKERS = (1, 2, 2, 2)


class Report(NamedTuple):
    """What a run has seen. counts: batches, outcomes and faults by name; story: line by line."""

    seed: int
    steps: int
    counts: Counter[str]
    violations: list[str]
    story: list[str]

    def __str__(self) -> str:
        counted = ", ".join(f"{name} {number}" for name, number in sorted(self.counts.items()))
        return "\n".join([f"seed {self.seed}: {self.steps} steps; {counted}", *self.violations])


def run(seed: int, steps: int, url: str) -> Report:
    """Write batches for so many steps. url: a migrated database of simulations alone; it is emptied first.

    Raises ValueError if that holds anything else.
    """
    chance = random.Random(seed)
    with connect(Secret(url), name="simulation") as connection:
        _make_ready(connection)
        connection.execute(SQL[chance.choice(("allow_partitions", "allow_partitions", "deny_partitions"))])
        row = connection.execute(SQL["today"]).fetchone()
        assert row is not None
        workers = chance.choice(_WORKERS)
        players = [Player(number, Secret(url)) for number in range(1, workers + 1)]
        with _stepping():
            stage = Stage(chance, Script(chance, row[0], alone=workers == 1), players, connection)
            stage.play(steps)
        crashes = [f"worker {one.number} has crashed: {one.crash!r}" for one in players if one.crash]
        return Report(seed, stage.steps, stage.counts, stage.violations + crashes, stage.story)


def _make_ready(connection: Connection) -> None:
    if _is(connection, "foreign"):
        raise ValueError("this database is in use: a simulation empties its own")
    if not _is(connection, "refuses"):
        connection.execute(SQL["refuse"])
    connection.execute(SQL["empty"])
    for (partition,) in connection.execute(SQL["days"]).fetchall():
        connection.execute(f"DROP TABLE {partition}".encode())


def _is(connection: Connection, name: str) -> bool:
    row = connection.execute(SQL[name]).fetchone()
    return bool(row and row[0])


@contextmanager
def _stepping() -> Iterator[None]:
    """Sessions that the workers open go step by step; that they end, or get no partitions, is no news."""
    logs = [logging.getLogger(name) for name in ("psycopg", "sink")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with patch.object(psycopg, "connect", SteppingConnection.connect):
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
