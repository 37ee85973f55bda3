"""A folder that cannot be listed is trouble, and not an empty folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signaltape import Emitter, Settings
from signaltape.journal.home import journal_folders
from signaltape.journal.removing import remove_journal
from signaltape.journal.segment import segment_numbers, written_end
from tests.support.samples import closed


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with an event in it, whose engine has ended."""
    with Emitter(Settings(feature_event_logging=True, home=tmp_path), ship=False) as emitter:
        assert emitter.closed(closed())
        assert emitter.journal_folder is not None
        return emitter.journal_folder


@contextmanager
def unlisted(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[None]:
    """Nobody may list this folder (tests may run as root, so it is said here)."""
    with monkeypatch.context() as patched:
        for name in ("scandir", "listdir"):
            plain = getattr(os, name)

            def refuse(path: Any = ".", plain: Any = plain) -> Any:
                if not isinstance(path, int) and Path(path) == folder:
                    raise PermissionError(13, "Permission denied", str(path))
                return plain(path)

            patched.setattr(os, name, refuse)
        yield


def test_the_segments_of_a_folder_that_cannot_be_listed_are_not_none(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unlisted(monkeypatch, journal):
        for ask in (segment_numbers, written_end, remove_journal):
            with pytest.raises(OSError, match="denied"):
                ask(journal)
    assert segment_numbers(journal) == [1]


def test_the_journals_of_a_home_that_cannot_be_listed_are_not_none(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = journal.parents[1]
    with unlisted(monkeypatch, journal.parent), pytest.raises(OSError, match="denied"):
        journal_folders(home)
    assert journal_folders(home) == [journal]


def test_a_folder_that_is_gone_is_empty(tmp_path: Path) -> None:
    assert segment_numbers(tmp_path / "gone") == []
    assert journal_folders(tmp_path / "gone") == []
