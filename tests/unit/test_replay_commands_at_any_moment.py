"""Commands to a replay at awkward moments: each is carried out once, by the replay that it was meant for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from replay.archive.layout import sessions_folder
from replay.sessions import steering
from replay.sessions.build import build
from replay.sessions.sources import ArchiveSource
from replay.sessions.steering import Steering, ask
from signaltape.journal.lock import FileLock
from signaltape.replay import Controls, Mode, Player, ReplayEvent
from tests.support.archived import DAY, NOON, record, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session of six events: three of the market, then three orders."""
    kinds = ["market_trade"] * 3 + ["order_log"] * 3
    write(tmp_path, [record(kind, NOON + timedelta(seconds=number)) for number, kind in enumerate(kinds)])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    return sessions_folder(tmp_path) / manifest.session_id


def test_steps_that_were_not_taken_before_going_on_are_not_taken_in_a_later_pause() -> None:
    controls = Controls()
    controls.step()
    controls.step()
    controls.resume()
    controls.pause()
    assert not controls.take_step()


def test_a_command_is_carried_out_from_the_moment_on_in_which_the_replay_counts_as_running(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = steering._locked

    def asked_at_once(place: Path) -> FileLock:
        lock = locked(place)
        ask(place, "stop")
        return lock

    monkeypatch.setattr(steering, "_locked", asked_at_once)
    controls = Controls()
    began = Steering(folder, controls)
    began(Player(folder, controls=controls))
    began.close()
    assert controls.is_stopped()


def test_commands_that_a_replay_did_not_come_to_are_not_for_the_next_one(folder: Path) -> None:
    dead = Steering(folder, Controls())
    ask(folder, "stop")
    dead._commands.close()  # as if it was killed
    dead._lock.release()
    controls = Controls()
    following = Steering(folder, controls)
    following(Player(folder, controls=controls))
    following.close()
    assert not controls.is_stopped()


def test_a_replay_at_its_end_says_that_it_came_to_the_end_whatever_its_mode_left_out(folder: Path) -> None:
    status = Player(folder, mode=Mode.FULL_DECISION).run(lambda _event: None)
    assert (status.current_event_index, status.total_events) == (6, 6)


def test_a_paused_replay_says_where_it_was_sent(folder: Path) -> None:
    controls = Controls()
    said: list[int] = []

    def look(player: Player) -> None:
        if controls.paused and not controls.seeking:
            said.append(player.status.current_event_index)
            controls.stop()

    def hand_out(_event: ReplayEvent) -> None:
        controls.pause()
        controls.seek(4)

    Player(folder, controls=controls, look=look).run(hand_out)
    assert said[0] == 4
