"""The emitter: it never raises, never blocks, and what it accepted is in the journal."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from signaltape import Emitter, InvalidEvent, JournalClosed, Settings, SettingsError, SignaltapeError
from signaltape.journal.home import is_alive, journal_folders, rejects_path
from signaltape.journal.reader import JournalPosition, JournalReader
from signaltape.shipping.encoding import EntryEncoder
from tests.support.samples import SAMPLES, closed, invalidated, new_id, published, triggered
from tests.support.waiting import LONGEST_S, ended, eventually, status_of


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(feature_event_logging=True, home=tmp_path)


_shipped = EntryEncoder("signaltape", 1)


def journalled(home: Path) -> list[dict[str, Any]]:
    events = []
    for folder in journal_folders(home):
        reader = JournalReader(folder, JournalPosition(0, 0, 0))
        events += [msgspec.json.decode(_shipped(item.frame).data) for item in reader.read(10**9, 10**12)]
        reader.close()
    return events


def rejects(home: Path) -> list[dict[str, Any]]:
    lines = [path.read_bytes() for path in (home / "journal").glob("*.rejects.jsonl")]
    return [msgspec.json.decode(line) for line in b"".join(lines).splitlines()]


def test_all_four_events_by_keyword_and_by_mapping(settings: Settings, tmp_path: Path) -> None:
    tape = Emitter(settings)
    assert tape.published(**published())
    assert tape.triggered(triggered())
    assert tape.invalidated(MappingProxyType(invalidated()))
    assert tape.closed(closed(), exit_reason="time")
    events = journalled(tmp_path)
    assert len(events) == 4
    assert events[3]["exit_reason"] == "time"
    assert tape.stats() == {"accepted": 4, "refused": 0, "failed": 0, "dropped": 0}
    tape.close()


def test_off_by_default_and_then_redis_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from signaltape import Emitter; tape = Emitter();"
        "assert tape.published(signal_id='x') is False; tape.close();"
        "assert 'redis' not in sys.modules and 'hiredis' not in sys.modules; print('fine')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "FEATURE_EVENT_LOGGING"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "SIGNALTAPE_HOME": str(tmp_path), "REDIS_URL": "redis://nowhere.invalid"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_event_is_stamped_when_it_is_emitted(settings: Settings, tmp_path: Path) -> None:
    tape = Emitter(settings)
    tape.published(**published())
    tape.published(**published(ts_published="2022-01-17T09:30:00"))
    tape.closed(**closed(ts="2022-01-17T09:30:00Z"))
    stamped, given, general = journalled(tmp_path)
    assert stamped["ts_published"].endswith("Z")
    assert given["ts_published"] == "2022-01-17T09:30:00"
    assert "ts_closed" not in general
    tape.close()


def test_the_rules_version_comes_from_the_environment_if_not_given(tmp_path: Path) -> None:
    environ = {"FEATURE_EVENT_LOGGING": "true", "SIGNALTAPE_HOME": str(tmp_path), "RULES_VERSION": "mode-7"}
    tape = Emitter(Settings.from_env(environ))
    bare = published()
    del bare["rules_version"]
    assert tape.published(bare)
    assert tape.published(published(rules_version="own"))
    assert [event["rules_version"] for event in journalled(tmp_path)] == ["mode-7", "own"]
    assert "rules_version" not in bare, "the caller's dict stays as it was"
    tape.close()


def test_a_refused_event_is_kept_with_the_reason_and_logged_once_a_minute(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Emitter(settings, ship=False)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert not tape.published(**published(confluence_score=1.7))
        assert not tape.closed(**closed(rr_realized=float("nan")))
    kept = rejects(tmp_path)
    assert len(kept) == 6
    assert kept[0]["reason"] == "confluence_score must be in 0..1, got 1.7"
    assert kept[0]["fields"]["confluence_score"] == 1.7
    assert "nan" in str(kept[5]["fields"])
    assert [record.message for record in caplog.records] == [
        "signal_published refused: confluence_score must be in 0..1, got 1.7",
        "signal_closed refused: rr_realized must be a finite number, got nan",
    ]
    assert tape.stats()["refused"] == 6
    assert journalled(tmp_path) == []
    tape.close()


@pytest.mark.parametrize("nonsense", [[1], 7, "text", {1: 2}, object(), {"signal_id": object()}])
def test_nothing_that_is_passed_in_raises(settings: Settings, nonsense: Any) -> None:
    tape = Emitter(settings)
    assert not tape.published(nonsense)
    tape.close()


def test_without_a_redis_url_it_says_once_that_events_wait(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Emitter(settings)
    for _ in range(3):
        assert tape.closed(**closed())
    assert [record.message for record in caplog.records] == [
        "REDIS_URL is not set: events wait in the journal"
    ]
    tape.close()


def test_strict_raises_instead(settings: Settings) -> None:
    tape = Emitter(settings, strict=True)
    with pytest.raises(InvalidEvent, match=r"confluence_score must be in 0..1"):
        tape.published(**published(confluence_score=2))
    with pytest.raises(SignaltapeError):
        tape.published([1])  # type: ignore[arg-type]
    tape.close()
    with pytest.raises(JournalClosed):
        tape.published(**published())


def test_wrong_settings_switch_it_off_with_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FEATURE_EVENT_LOGGING", "true")
    monkeypatch.setenv("SIGNALTAPE_PARTITIONS", "many")
    tape = Emitter()
    assert not tape.enabled
    assert not tape.published(**published())
    assert "event logging is off: SIGNALTAPE_PARTITIONS" in caplog.text
    with pytest.raises(SettingsError):
        Emitter(strict=True)


def test_a_home_that_cannot_be_written_returns_false(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tape = Emitter(Settings(feature_event_logging=True, home=tmp_path / "file"))
    assert not tape.published(**published())
    assert tape.stats()["failed"] == 1
    assert not tape.published(**published(rr=-1)), "neither can the reject be kept, and still nothing raises"
    tape.close()


def test_numpy_values_are_written_as_numbers(settings: Settings, tmp_path: Path) -> None:
    class Scalar:  # what numpy's scalars offer
        def tolist(self) -> float:
            return 0.75

    tape = Emitter(settings)
    assert tape.published(**published(confluence_score=Scalar()))
    assert journalled(tmp_path)[0]["confluence_score"] == 0.75
    tape.close()


def test_threads_share_one_emitter(settings: Settings, tmp_path: Path) -> None:
    tape = Emitter(settings)

    def work() -> None:
        for _ in range(200):
            assert tape.closed(**closed())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    ended(*threads)
    assert len({event["signal_id"] for event in journalled(tmp_path)}) == 1600
    tape.close()


def test_after_a_fork_each_process_has_a_journal_of_its_own(settings: Settings, tmp_path: Path) -> None:
    tape = Emitter(settings)
    for _ in range(3):
        tape.closed(**closed())
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            ok = all(tape.closed(**closed()) for _ in range(50))
            os._exit(0 if ok else 1)
        children.append(child)
    for _ in range(20):
        assert tape.closed(**closed())
    assert [os.waitstatus_to_exitcode(status_of(child)) for child in children] == [0, 0]
    folders = journal_folders(tmp_path)
    assert len(folders) == 3
    assert [is_alive(folder) for folder in folders].count(True) == 1
    assert len({event["signal_id"] for event in journalled(tmp_path)}) == 123
    tape.close()


def test_a_child_that_outlives_its_parent_does_not_keep_the_parents_journal_alive(
    settings: Settings, tmp_path: Path
) -> None:
    program = """
import os, sys, time
from pathlib import Path
from signaltape import Emitter, Settings
from signaltape.shipping.encoding import EntryEncoder
from tests.support.samples import closed
tape = Emitter(Settings(feature_event_logging=True, home=Path(sys.argv[1])))
tape.closed(**closed())
read, write = os.pipe()
if os.fork() == 0:
    os.close(write)
    os.read(read, 1)  # ends when the test ends
    os._exit(0)
print(os.getpid(), flush=True)
os.kill(os.getpid(), 9)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.wait(LONGEST_S) == -9
    (folder,) = journal_folders(tmp_path)
    eventually(lambda: not is_alive(folder))  # the child may only just have begun
    assert parent.stdout is not None
    parent.stdout.close()


def test_it_is_called_from_asyncio_without_holding_up_the_loop(settings: Settings, tmp_path: Path) -> None:
    async def engine() -> int:
        tape = Emitter(settings)
        turns = 0
        for _ in range(100):
            tape.closed(**closed())
            await asyncio.sleep(0)
            turns += 1
        await tape.aclose()
        return turns

    assert asyncio.run(engine()) == 100
    assert len(journalled(tmp_path)) == 100


def test_an_engine_may_change_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    tape = Emitter(Settings.from_env({"FEATURE_EVENT_LOGGING": "true", "SIGNALTAPE_HOME": "tape"}))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert tape.closed(**closed())
    assert len(journalled(tmp_path / "tape")) == 1
    tape.close()


def test_a_reject_says_when_in_wib(settings: Settings, tmp_path: Path) -> None:
    tape = Emitter(settings)
    tape.published(**published(rr=-1))
    folder = tape.journal_folder
    assert folder is not None
    assert rejects_path(folder).exists()
    assert rejects(tmp_path)[0]["time"].endswith("+07:00")
    tape.close()


@pytest.mark.parametrize("name", SAMPLES)
def test_every_event_has_a_method(name: str) -> None:
    assert callable(getattr(Emitter, name.removeprefix("signal_")))


def test_it_can_be_closed_twice_and_used_as_a_context(settings: Settings, tmp_path: Path) -> None:
    with Emitter(settings) as tape:
        tape.closed(**closed(new_id()))
    tape.close()
    assert tape.closed(**closed()) is False
    assert len(journalled(tmp_path)) == 1
    assert tape.stats()["accepted"] == 1
