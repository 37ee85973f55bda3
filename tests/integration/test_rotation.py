"""Changing secrets without a gap, as docs/deploying.md says it: the old one and the new one hold for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from signaltape import Settings
from signaltape.redis_client import redis_client
from signaltape.settings import Secret
from sink.db import Connection, connect, database_url
from tests.integration.conftest import own_valkey
from web.operations import create_key, list_keys, revoke_key


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[tuple[Any, str]]:
    """A Valkey with a user `worker`, and where it is."""
    with own_valkey(tmp_path) as valkey, redis.Redis.from_url(valkey.url) as client:
        client.execute_command("ACL", "SETUSER", "worker", "on", ">old", "~signaltape:*", "+@all")
        yield client, valkey.url


def as_worker(url: str, password: str) -> Any:
    mark = "&" if "?" in url else "?"
    return redis_client(Secret(f"{url}{mark}username=worker&password={password}"))


def test_both_passwords_of_a_redis_user_hold_until_the_old_one_is_taken(admin: tuple[Any, str]) -> None:
    client, url = admin
    before = as_worker(url, "old")
    assert before.ping()
    client.execute_command("ACL", "SETUSER", "worker", ">new")
    assert as_worker(url, "new").ping()
    assert as_worker(url, "old").ping()
    client.execute_command("ACL", "SETUSER", "worker", "<old")
    with pytest.raises(redis.AuthenticationError):
        as_worker(url, "old").ping()
    assert as_worker(url, "new").ping()


def test_two_logins_of_one_role_hold_until_one_is_dropped(settings: Settings, connection: Connection) -> None:
    """What a process may stands in the group; who it logs in as can change meanwhile."""
    name = connection.info.dbname
    for statement in (
        f"CREATE ROLE {name}_worker NOLOGIN",
        f"CREATE ROLE {name}_one LOGIN IN ROLE {name}_worker",
        f"GRANT SELECT ON signal_events TO {name}_worker",
        f"CREATE ROLE {name}_two LOGIN IN ROLE {name}_worker",
    ):
        connection.execute(statement.encode())
    url = database_url(settings).reveal()
    try:
        for who in ("one", "two"):
            with connect(Secret(url.replace("signaltape@", f"{name}_{who}@"))) as login:
                assert login.execute("SELECT count(*) FROM signal_events").fetchone() == (0,)
        connection.execute(f"DROP ROLE {name}_one".encode())
        with pytest.raises(psycopg.OperationalError):
            connect(Secret(url.replace("signaltape@", f"{name}_one@")))
    finally:
        connection.execute(f"DROP OWNED BY {name}_worker".encode())
        connection.execute(f"DROP ROLE IF EXISTS {name}_one, {name}_two, {name}_worker".encode())


def test_two_keys_of_the_dashboard_hold_until_one_is_revoked(settings: Settings) -> None:
    old, _new = (create_key(settings, name, ("read",)) for name in ("old", "new"))
    assert [one.revoked_at for one in list_keys(settings)] == [None, None]
    revoke_key(settings, old.key_id)
    assert [one.revoked_at is None for one in sorted(list_keys(settings), key=lambda one: one.name)] == [
        True,
        False,
    ]
