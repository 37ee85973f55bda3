"""A replay that is asked, while it runs, to be faster or slower, and to begin anew at its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from replay.archive.layout import sessions_folder
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource
from replay.sessions.steering import Steering, ask, read_status
from signaltape.replay import Controls, Player
from tests.support.archived import DAY, NOON, record, write
from tests.support.waiting import eventually

#: Between two events of the session.
APART = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session of six orders, an hour apart."""
    write(tmp_path, [record("order_log", NOON + number * APART, n=number) for number in range(6)])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    return sessions_folder(tmp_path) / manifest.session_id


@contextmanager
def running(folder: Path, speed: float | None) -> Iterator[list[int]]:
    """A replay that is steered from outside, and what it handed out."""
    seen: list[int] = []
    controls = Controls()
    steered = Steering(folder, controls)
    player = Player(folder, speed=speed, controls=controls, look=steered)
    thread = threading.Thread(target=player.run, args=(lambda event: seen.append(event.index),))
    thread.start()
    try:
        yield seen
    finally:
        controls.stop()
        thread.join(10)
        steered.close()


def test_another_speed_counts_at_once_and_is_told(folder: Path) -> None:
    with running(folder, 1.0) as seen:
        eventually(lambda: seen == [0])
        ask(folder, "speed", speed=APART.total_seconds() * 10)  # an hour in a tenth of a second
        eventually(lambda: seen == [0, 1, 2, 3, 4, 5])
    status = read_status(folder)
    assert status is not None
    assert status.speed_factor == APART.total_seconds() * 10


def test_what_is_to_come_keeps_its_distance_at_the_new_speed(folder: Path) -> None:
    with running(folder, 1.0) as seen:
        eventually(lambda: seen == [0])
        asked_at = time.monotonic()
        ask(folder, "speed", speed=APART.total_seconds() * 2)  # an hour in half a second
        eventually(lambda: seen == [0, 1])
    assert time.monotonic() - asked_at > 0.4, "the first event after it is not due at once"


def test_as_fast_as_possible_is_a_speed_too(folder: Path) -> None:
    with running(folder, 1.0) as seen:
        eventually(lambda: seen == [0])
        ask(folder, "speed", speed=None)
        eventually(lambda: seen == [0, 1, 2, 3, 4, 5])


def test_a_replay_that_is_to_begin_anew_does_until_it_is_not(folder: Path) -> None:
    with running(folder, APART.total_seconds() * 100) as seen:
        ask(folder, "loop", loop=True)
        eventually(lambda: len(seen) > 20)
        status = read_status(folder)
        assert status is not None
        assert status.loop
        ask(folder, "loop", loop=False)
        eventually(lambda: not read_status(folder).running)  # type: ignore[union-attr]
    assert seen == list(range(6)) * (len(seen) // 6), "every pass is whole"


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf")])
def test_what_is_no_speed_is_passed_over(folder: Path, speed: float) -> None:
    with running(folder, 1.0) as seen:
        eventually(lambda: seen == [0])
        with (folder / "control.jsonl").open("ab") as file:
            file.write(f'{{"action":"speed","speed":{speed}}}\n'.encode())
        ask(folder, "pause")
        eventually(lambda: (status := read_status(folder)) is not None and status.paused)
        assert read_status(folder).speed_factor == 1.0  # type: ignore[union-attr]
        assert seen == [0]


def test_controls_refuse_what_is_no_speed() -> None:
    with pytest.raises(ValueError, match="speed must be a number above 0"):
        Controls().set_speed(0)
