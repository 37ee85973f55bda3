"""A replay that is steered from outside: no command is lost, none plays twice at once, nothing ends it by the way."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from replay.archive.keeping import keep_of
from replay.archive.layout import sessions_folder
from replay.archive.retention import apply
from replay.operations.playing import standing
from replay.sessions import steering
from replay.sessions.build import build
from replay.sessions.sessions import HIDDEN
from replay.sessions.sources import ArchiveSource
from replay.sessions.steering import STATUS, Steering, ask, is_running, read_status
from signaltape import Settings
from signaltape.replay import Controls, Mode, Player, ReplayEvent, SessionError
from tests.support.archived import DAY, NOON, record, write
from tests.support.waiting import eventually


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A session of forty orders."""
    write(tmp_path, [record("order_log", NOON + timedelta(seconds=number), n=number) for number in range(40)])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    return sessions_folder(tmp_path) / manifest.session_id


@contextmanager
def paused(folder: Path) -> Iterator[list[int]]:
    """A replay that waits for commands, and what it handed out."""
    seen: list[int] = []
    controls = Controls(step=True)
    steered = Steering(folder, controls)
    player = Player(folder, controls=controls, look=steered)
    thread = threading.Thread(target=player.run, args=(lambda event: seen.append(event.index),))
    thread.start()
    try:
        yield seen
    finally:
        controls.stop()
        thread.join(10)
        steered.close()


def test_commands_that_come_together_are_all_carried_out_in_order(folder: Path) -> None:
    with paused(folder) as seen:
        for _ in range(3):
            ask(folder, "step")
        eventually(lambda: seen == [0, 1, 2])
        ask(folder, "seek", 30)
        ask(folder, "step")
        ask(folder, "step")
        eventually(lambda: seen == [0, 1, 2, 30, 31])


def test_what_is_no_command_is_passed_over(folder: Path) -> None:
    with paused(folder) as seen:
        with (folder / "control.jsonl").open("ab") as file:
            file.write(b'no json\n\xff\n{"action":5}\n{"action":"__init__"}\n{"action":"take_step"}\n')
        ask(folder, "step")
        eventually(lambda: seen == [0])


def test_a_command_to_an_earlier_replay_is_not_for_the_next(folder: Path) -> None:
    with paused(folder):
        ask(folder, "stop")
    with paused(folder) as seen:
        ask(folder, "step")
        eventually(lambda: seen == [0])


def test_two_replays_of_a_session_at_once_are_refused(folder: Path) -> None:
    with paused(folder):
        assert is_running(folder)
        with pytest.raises(SessionError, match="is being replayed already"):
            Steering(folder, Controls())
    assert not is_running(folder)
    Steering(folder, Controls()).close()


def test_a_replay_that_died_is_not_taken_for_one_that_runs_when_its_number_is_used_again(
    folder: Path,
) -> None:
    with paused(folder):
        eventually(lambda: read_status(folder) is not None)
    found = json.loads((folder / STATUS).read_bytes())
    (folder / STATUS).write_text(json.dumps({**found, "running": True, "pid": os.getpid()}))
    assert not is_running(folder)
    with pytest.raises(SessionError, match="is not being replayed"):
        ask(folder, "stop")


def test_a_status_that_cannot_be_written_does_not_end_a_replay(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(steering, "replace_file", full)
    controls = Controls()
    steered = Steering(folder, controls)
    seen: list[int] = []
    Player(folder, controls=controls, look=steered).run(lambda event: seen.append(event.index))
    steered.close()
    assert len(seen) == 40
    assert caplog.text.count("the status of the replay cannot be written") == 1


def test_a_handler_that_raises_leaves_no_replay_that_seems_to_run(folder: Path) -> None:
    player = Player(folder)
    with pytest.raises(ZeroDivisionError):
        player.run(lambda _event: 1 / 0)
    assert not player.status.running


def test_a_stop_is_noticed_among_events_that_are_not_played(tmp_path: Path) -> None:
    write(tmp_path, [record("order_log", n=number) for number in range(2000)])
    manifest = build(tmp_path, ArchiveSource(tmp_path), DAY, now=datetime.now(UTC))
    looks: list[bool] = []
    folder = sessions_folder(tmp_path) / manifest.session_id
    Player(folder, mode=Mode.FULL_DECISION, look=lambda player: looks.append(player.status.running)).run(
        print
    )
    assert len(looks) > 2000 // 256


def test_retention_leaves_a_session_that_is_played_and_clears_builds_that_died(
    tmp_path: Path, folder: Path
) -> None:
    dead, fresh = (sessions_folder(tmp_path) / f"{HIDDEN}{name}" for name in ("dead", "fresh"))
    dead.mkdir()
    fresh.mkdir()
    now = datetime.now(UTC)
    os.utime(dead, (now.timestamp() - 3 * 86_400,) * 2)
    report = apply(tmp_path, keep_of(Settings()), now)
    assert (report.errors, dead.exists(), fresh.exists()) == ([], False, True)
    later = now + timedelta(days=365)
    with paused(folder):
        apply(tmp_path, keep_of(Settings()), later)
        assert folder.exists()
    apply(tmp_path, keep_of(Settings()), later)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("seek", "stop_after", "jumps", "jumped"),
    [(None, 45, 1, False), (0, 45, 1, False), (30, 45, 2, False), (5, 20, 1, True), (30, 15, 1, True)],
)
def test_loops_and_seeks_are_counted_and_a_part_that_was_passed_over_is_known(
    folder: Path, seek: int | None, stop_after: int, jumps: int, jumped: bool
) -> None:
    controls, seen = Controls(), list[int]()
    player = Player(folder, controls=controls, loop=True)

    def _hand_out(event: ReplayEvent) -> None:
        seen.append(event.index)
        if len(seen) == 10 and seek is not None:
            controls.seek(seek)
        if len(seen) == stop_after:
            controls.stop()

    player.run(_hand_out)
    assert (player.status.jumps, player.jumped) == (jumps, jumped)


def test_a_replay_that_died_is_not_taken_for_the_one_that_has_just_begun(folder: Path) -> None:
    with paused(folder):
        ask(folder, "step")
        eventually(lambda: (found := read_status(folder)) is not None and found.current_event_index == 1)
        left = (folder / STATUS).read_bytes()
    (folder / STATUS).write_bytes(left)  # as one that was killed leaves it
    settings = Settings(data=folder.parents[3])
    with closing(Steering(folder, Controls())):
        new = standing(settings, folder.name)
        assert (new.running, new.current_event_index, new.paused, new.started_at) == (True, 0, False, None)
    died = standing(settings, folder.name)
    assert (died.running, died.current_event_index, died.pid) == (False, 1, None)
