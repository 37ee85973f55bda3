"""Dead letters on their way when a server goes away: what is said tells how many went, and the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from signaltape import Secret, Settings
from signaltape.errors import RedisUnavailable, Unavailable
from sink.db import Connection
from tests.integration.conftest import own_valkey
from tests.integration.test_requeue_partly import NAMED
from worker.operations import NO_FILTER, drop_dead_letters, requeue_dead_letters

#: More than are taken at once, which is 500.
_MANY = 700
_BURY = """
INSERT INTO dead_letters (stream, entry_id, event, raw, fields, reason, entry_ts)
SELECT %(key)s, '1642395600000-' || n, 'signal_closed', 'x', %(named)s, 'a bug', now()
FROM generate_series(1, %(many)s) n
"""
_END_THE_OTHER = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'signaltape-dead-letters' AND datname = current_database()
"""


@pytest.fixture
def bury(connection: Connection, key: str) -> Callable[[], int]:
    """Bury many; how many letters there are."""
    connection.execute(_BURY, {"key": key, "many": _MANY, "named": NAMED})
    return lambda: connection.execute("SELECT count(*) FROM dead_letters").fetchall()[0][0]


def test_a_requeue_says_how_many_went_before_redis_did(
    settings: Settings, bury: Callable[[], int], tmp_path: Path
) -> None:
    with own_valkey(tmp_path / "valkey") as valkey:
        here = msgspec.structs.replace(settings, redis_url=Secret(valkey.url))
        with pytest.raises(RedisUnavailable, match=r"\(500 went, the rest stays\)$"):
            requeue_dead_letters(here, NO_FILTER, everything=True, progress=lambda _done: valkey.stop())
        with pytest.raises(RedisUnavailable, match=r"\(the letters stay\)$"):
            requeue_dead_letters(here, NO_FILTER, everything=True)
    assert bury() == _MANY - 500


@pytest.mark.parametrize("take", [requeue_dead_letters, drop_dead_letters])
def test_either_says_how_many_went_before_postgres_did(
    take: Any, settings: Settings, connection: Connection, bury: Callable[[], int]
) -> None:
    def end(_done: int) -> None:
        connection.execute(_END_THE_OTHER)

    with pytest.raises(Unavailable, match=r"^Postgres: .* \(500 went, the rest stays\)$"):
        take(settings, NO_FILTER, everything=True, progress=end)
    assert bury() == _MANY - 500
