"""A letter that Redis does not take keeps neither the others from going through, nor sends these twice."""

from __future__ import annotations

from typing import Any

from consumer.accepted import Outcome
from consumer.decoding.dead_fields import pack_fields
from signaltape import Settings
from signaltape.stream import stream_key
from sink.db import Connection
from tests.integration.conftest import Runner
from tests.integration.draining import drain
from tests.integration.test_requeue import BURY
from tests.support.samples import as_json, closed

#: Its other fields, packed.
NAMED = pack_fields({b"event": b"signal_closed"})


def test_those_that_went_are_gone_and_the_rest_stays(
    settings: Settings, redis_client: Any, key: str, connection: Connection, runner: Runner
) -> None:
    blocked = stream_key(settings.stream, 1)
    redis_client.set(blocked, "no stream")
    for number, stream in enumerate((key, blocked, key)):
        entry = (
            stream,
            f"1642395600000-{number}",
            "signal_closed",
            as_json(closed()),
            NAMED,
        )
        connection.execute(BURY, entry)
    for _ in range(2):
        code, _, err = runner.run("worker", "dead-letters", "requeue", "--all")
        assert code == 1
        assert "WRONGTYPE" in err or "wrong kind" in err
    assert redis_client.xlen(key) == 2
    assert drain(settings, key) == Outcome(stored=2)
    left = connection.execute("SELECT stream FROM dead_letters").fetchall()
    assert left == [(blocked,)]


def test_a_letter_of_a_stream_that_nobody_reads_stays(
    settings: Settings, redis_client: Any, key: str, connection: Connection, runner: Runner
) -> None:
    """SIGNALTAPE_STREAM was changed since: there it would be neither an event nor a letter."""
    elsewhere = stream_key("former", 0)
    connection.execute(BURY, (elsewhere, "1642395600000-1", "signal_closed", as_json(closed()), NAMED))
    connection.execute(BURY, (key, "1642395600000-2", "signal_closed", as_json(closed()), NAMED))
    code, out, err = runner.run("worker", "dead-letters", "requeue", "--all")
    assert (code, out) == (1, "requeued 1 letter(s)\n")
    assert (
        err == f"Error: SIGNALTAPE_STREAM={settings.stream} has no partition {elsewhere} (1 letters stay)\n"
    )
    assert not redis_client.exists(elsewhere)
    assert connection.execute("SELECT stream FROM dead_letters").fetchall() == [(elsewhere,)]
