"""At the end of a process all its emitters are closed within the time of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import signaltape.own_journals
from signaltape import Emitter, Settings
from tests.support.samples import closed


class Unanswered:
    """A shipper whose Redis does not answer: it needs all the time that it is given."""

    idle = False

    def wake(self) -> None: ...

    def stop(self, timeout: float) -> bool:
        time.sleep(timeout)  # what is tested is how long
        return False

    def forget_in_child(self) -> None: ...


@pytest.fixture
def emitters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Emitter]]:
    monkeypatch.setattr("signaltape.own_journals.start_thread", lambda *_: Unanswered())
    monkeypatch.setattr("signaltape.own_journals.CLOSE_WITHIN_S", 0.2)
    on = {
        "FEATURE_EVENT_LOGGING": "true",
        "REDIS_URL": "redis://127.0.0.1:1",
        "SIGNALTAPE_HOME": str(tmp_path),
    }
    made = [Emitter(Settings.from_env(on)) for _ in range(5)]
    assert all(emitter.closed(closed()) for emitter in made)
    yield made
    for emitter in made:
        emitter.close(0)


def test_many_emitters_of_an_unanswered_redis_do_not_hold_up_the_end(emitters: list[Emitter]) -> None:
    began = time.monotonic()
    signaltape.own_journals._close_all()
    assert time.monotonic() - began < 0.6
    assert not any(emitter.closed(closed()) for emitter in emitters)
