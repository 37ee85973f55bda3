"""No journal goes before all of it was read and taken: engines that die in an outage, damage, full disks."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis

from signaltape import Emitter, Secret, Settings
from signaltape.errors import JournalError
from signaltape.journal.cursor import CURSOR_FILE, read_cursor
from signaltape.journal.home import is_alive, journal_folders
from signaltape.journal.segment import HEADER_BYTES, segment_numbers, segment_path
from signaltape.shipping.client import StreamError
from signaltape.shipping.pool import ShipperPool
from signaltape.shipping.service import ship_once
from signaltape.stream import stream_key
from tests.chaos.proxy import Proxy
from tests.integration.conftest import own_valkey
from tests.support.samples import closed, new_id


def ids_in(client: Any, key: str) -> list[str]:
    return [msgspec.json.decode(fields[b"data"])["signal_id"] for _, fields in client.xrange(key)]


def emit(tape: Emitter, count: int) -> list[str]:
    ids = [new_id() for _ in range(count)]
    assert all(tape.closed(**closed(one)) for one in ids)
    return ids


@pytest.fixture
def proxied(settings: Settings) -> Iterator[tuple[Proxy, Settings]]:
    """The server behind a proxy, and settings that go through it; nothing shipped is kept."""
    assert settings.redis_url is not None
    proxy = Proxy(settings.redis_url.reveal().removeprefix("unix://"))
    proxy.start()
    url = Secret(f"redis://127.0.0.1:{proxy.port}/0")
    yield proxy, msgspec.structs.replace(settings, redis_url=url, shipped_keep_s=0)
    proxy.stop()


def test_a_journal_whose_engine_died_in_an_outage_is_kept_and_shipped(
    proxied: tuple[Proxy, Settings], redis_client: Any, key: str
) -> None:
    proxy, settings = proxied
    fleet = ShipperPool(settings)
    with Emitter(settings, ship=False) as tape:
        before = emit(tape, 5)
        fleet.take_all()
        assert fleet.step() == 5
        assert fleet.step() == 0, "it has seen the end"
        server, proxy.target = proxy.target, "/nowhere"
        proxy.cut()
        during = emit(tape, 10)
        with pytest.raises(StreamError):
            fleet.take_all()
    fleet.disconnect()  # the engine is dead by now
    proxy.target = server
    fleet.take_all()
    assert journal_folders(settings.home), "ten events are not shipped"
    assert fleet.step() == 10
    fleet.close()
    assert ids_in(redis_client, key) == before + during


def test_what_an_engine_writes_while_the_shipper_looks_is_shipped(
    settings: Settings, redis_client: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It emits and dies between the shipper's last read and its look for who is alive."""
    at_once = msgspec.structs.replace(settings, shipped_keep_s=0)
    tape = Emitter(at_once, ship=False)
    ids = emit(tape, 3)
    fleet = ShipperPool(at_once)
    fleet.take_all()
    assert (fleet.step(), fleet.step()) == (3, 0)
    alive = is_alive

    def last_words(folder: Path) -> bool:
        if not tape.enabled or tape.journal_folder is None:
            return alive(folder)
        ids.extend(emit(tape, 4))
        tape.close()
        return alive(folder)

    monkeypatch.setattr("signaltape.shipping.journal.is_alive", last_words)
    fleet.take_all()
    assert fleet.step() == 4
    fleet.close()
    assert ids_in(redis_client, key) == ids


@pytest.mark.parametrize("bit", [0, 60, 70, 120, 130, 200])
def test_a_journal_with_a_damaged_header_is_shipped_before_it_goes(
    settings: Settings, redis_client: Any, key: str, bit: int
) -> None:
    with Emitter(settings, ship=False) as tape:
        ids = emit(tape, 300)
        folder = tape.journal_folder
    assert folder is not None
    with segment_path(folder, 1).open("r+b") as file:
        raw = bytearray(file.read(HEADER_BYTES))
        raw[bit >> 3] ^= 1 << (bit & 7)
        file.seek(0)
        file.write(raw)
    fleet = ShipperPool(msgspec.structs.replace(settings, shipped_keep_s=0))
    while fleet.step():
        pass
    fleet.take_all()
    fleet.close()
    assert ids_in(redis_client, key) == ids
    assert not journal_folders(settings.home)


def test_a_damaged_cursor_means_once_more_and_no_talk_of_lost_events(
    settings: Settings, redis_client: Any, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Emitter(msgspec.structs.replace(settings, segment_bytes=1024 * 1024), ship=False) as tape:
        emit(tape, 6000)
        assert ship_once(settings) == 6000
        folder = tape.journal_folder
    assert folder is not None
    first, *later = segment_numbers(folder)
    segment_path(folder, first).unlink()  # shipped long ago
    assert later
    (folder / CURSOR_FILE).write_bytes(b"\0" * 200)
    with caplog.at_level(logging.WARNING, logger="signaltape"):
        again = ship_once(settings)
    assert 0 < again < 6000
    assert "its cursor is damaged" in caplog.text
    assert "were removed before" not in caplog.text
    assert read_cursor(folder).events == 6000


def _no_room(*_: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_cursor_that_cannot_be_written_skips_nothing_and_holds_up_nothing(
    settings: Settings,
    redis_client: Any,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Emitter(settings, ship=False) as tape:
        ids = emit(tape, 1000)
    with monkeypatch.context() as patched:
        patched.setattr("signaltape.shipping.journal.write_cursor", _no_room)
        with caplog.at_level(logging.WARNING, logger="signaltape"):
            assert ship_once(settings) == 1000
    assert ids_in(redis_client, key) == ids
    (folder,) = journal_folders(settings.home)
    assert f"{folder}: how far it was shipped cannot be written (No space left on device)" in caplog.text
    assert "Redis takes no events" not in caplog.text


def test_a_batch_taken_in_part_is_continued_where_it_ended_though_the_disk_is_full(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_valkey(tmp_path / "vk") as valkey:
        own = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        client = redis.Redis.from_url(valkey.url, protocol=2)
        with Emitter(own, ship=False) as tape:
            ids = [new_id() for _ in range(200)]
            assert all(tape.closed(**closed(one), note="x" * 4000) for one in ids)
        monkeypatch.setattr("signaltape.shipping.journal.write_cursor", _no_room)
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 150_000)
        fleet = ShipperPool(own)
        with pytest.raises((redis.RedisError, OSError)):
            for _ in range(20):
                fleet.step()
        taken = client.xlen(stream_key(own.stream, 0))
        assert 0 < taken < 200
        client.config_set("maxmemory", 0)
        while fleet.step():
            pass
        fleet.close()
        assert set(ids_in(client, stream_key(own.stream, 0))) == set(ids)
        client.close()


def test_a_segment_that_cannot_be_opened_amid_a_batch_skips_nothing(
    settings: Settings,
    redis_client: Any,
    key: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Too many open files, say, at the second segment, with events of the first one in hand."""
    own = msgspec.structs.replace(settings, segment_bytes=1024 * 1024)
    with Emitter(own, ship=False) as tape:
        ids = emit(tape, 6000)
    plain = segment_path
    opened = 0

    def failing(folder: Path, number: int) -> Path:
        nonlocal opened
        opened += number == 2
        if number == 2 and opened <= 2:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return plain(folder, number)

    monkeypatch.setattr("signaltape.journal.reader.segment_path", failing)
    fleet = ShipperPool(own)
    deadline = time.monotonic() + 10
    with caplog.at_level(logging.WARNING, logger="signaltape"):
        while len(ids_in(redis_client, key)) < 6000 and time.monotonic() < deadline:
            try:
                fleet.step()
            except OSError:
                continue
    fleet.close()
    assert ids_in(redis_client, key) == ids
    assert "trouble with the files of this journal" in caplog.text
    assert "Too many open files" in caplog.text


def test_a_journal_with_bad_files_holds_up_no_other(settings: Settings, redis_client: Any, key: str) -> None:
    folders = []
    for _ in range(2):
        with Emitter(settings, ship=False) as tape:
            ids = emit(tape, 10)
            folders.append(tape.journal_folder)
    first, second = folders
    assert first is not None
    assert second is not None
    segment_path(first, 1).unlink()
    segment_path(first, 1).mkdir()  # cannot be opened as a file, by nobody
    with pytest.raises(JournalError, match=f"not all of {first}"):
        ship_once(settings)
    assert ids_in(redis_client, key) == ids


def test_every_segment_is_kept_from_the_moment_it_was_shipped(
    settings: Settings, redis_client: Any, key: str
) -> None:
    """One batch may begin in one segment and end two segments further on."""
    own = msgspec.structs.replace(settings, segment_bytes=1024 * 1024)
    with Emitter(own, ship=False) as tape:
        for size in (870_000, 60_000, 185_000, 870_000):
            assert tape.closed(**closed(), note="x" * size)
        folder = tape.journal_folder
        assert folder is not None
        assert len(segment_numbers(folder)) == 3
        for number in segment_numbers(folder):
            os.utime(segment_path(folder, number), (1, 1))  # written in an outage, long ago
        assert ship_once(own) == 4
        kept = [number for number in (1, 2) if segment_path(folder, number).stat().st_mtime > 1]
        assert kept == [1, 2]
