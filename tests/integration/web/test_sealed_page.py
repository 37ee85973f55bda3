"""The score page says up to where the record is sealed, and by which digest."""

from __future__ import annotations

from sink.db import Connection
from sink.sealing.stored import seals
from tests.support.sealing import FIRST, arrive, noon, seal_all
from tests.support.served import Served


def test_the_score_page_tells_the_newest_seal(served: Served, connection: Connection) -> None:
    arrive(connection, noon(0))
    seal_all(connection)
    first, last = seals(connection)[0], seals(connection)[-1]
    assert first.day == FIRST
    text = served.get("/score/2022-W03").text
    assert f"Sealed through {last.day}: {last.digest.hex()[:16]}" in text
