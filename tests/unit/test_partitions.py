"""Partitions are made ahead, and no failure of that is the fault of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from sink.write.partitions import Partitions
from worker.loop import _is_refusal


class Denying:
    """A session that may make no partition; closed: and that ends at the rollback behind it."""

    def __init__(self, *, closed: bool) -> None:
        self.closed = closed
        self.asked = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def execute(self, *_: object) -> None:
        self.asked += 1
        raise psycopg.errors.InsufficientPrivilege("permission denied for schema public")


def test_a_session_that_ends_behind_a_denial_is_no_refusal_of_the_batch() -> None:
    session: Any = Denying(closed=True)
    with pytest.raises(psycopg.OperationalError, match="permission denied") as raised:
        Partitions(session).ensure({20_000})
    assert not _is_refusal(raised.value)


def test_a_denial_is_passed_over_and_not_asked_again_at_once() -> None:
    session: Any = Denying(closed=False)
    partitions = Partitions(session)
    partitions.ensure({20_000})
    partitions.ensure({20_001})
    assert session.asked == 1
