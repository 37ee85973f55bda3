"""A journal that cannot be made leaves nothing behind: an engine tries again with every event."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.journal.home import journals_folder
from tests.support.samples import closed


def tried(home: Path) -> list[str]:
    """What is left of three events that no journal takes."""
    with Emitter(Settings(feature_event_logging=True, home=home), ship=False) as emitter:
        assert not any(emitter.closed(closed()) for _ in range(3))
        assert emitter.stats()["failed"] == 3
    return [path.name for path in journals_folder(home).iterdir()]


def test_without_a_descriptor_for_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.open

    def no_more(path: Any, *given: Any, **named: Any) -> int:
        if str(path).endswith(".lock"):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return plain(path, *given, **named)

    monkeypatch.setattr(os, "open", no_more)
    assert tried(tmp_path) == []


def test_on_a_disk_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert tried(tmp_path) == []


def test_in_a_folder_that_takes_no_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal without a lock would be taken for one of a dead engine, and removed while it is written."""
    plain = os.open

    def denied(path: Any, *given: Any, **named: Any) -> int:
        if str(path).endswith("owner.lock"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return plain(path, *given, **named)

    monkeypatch.setattr(os, "open", denied)
    assert tried(tmp_path) == []
