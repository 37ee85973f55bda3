"""A server whose roles are there already, and may more than is declared: nothing of it is overlooked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from deploy.embedded.postgres import Postgres
from signaltape import Secret
from sink.admin import granting
from sink.admin.declared_rights import declared
from sink.admin.migrate import migrate
from sink.db import Connection, connect
from tests.support.postgres import own_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with own_postgres() as started:
        yield started


@pytest.fixture(scope="module")
def owner(server: Postgres) -> Iterator[Connection]:
    """In a database that was migrated where one of the roles was there before."""
    with connect(Secret(server.url())) as first:
        first.execute("CREATE ROLE signaltape_web NOLOGIN")
        first.execute("CREATE DATABASE tape")
    with connect(Secret(server.url("tape"))) as opened:
        migrate(opened)
        yield opened


@pytest.mark.parametrize(
    ("given", "said", "taken"),
    [
        (
            "ALTER ROLE signaltape_web SUPERUSER",
            'ALTER ROLE "signaltape_web" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
            "ALTER ROLE signaltape_web NOSUPERUSER",
        ),
        (
            "GRANT pg_write_all_data TO signaltape_web",
            'REVOKE "pg_write_all_data" FROM "signaltape_web"',
            "REVOKE pg_write_all_data FROM signaltape_web",
        ),
        (
            "GRANT signaltape_worker TO signaltape_web",
            'REVOKE "signaltape_worker" FROM "signaltape_web"',
            "REVOKE signaltape_worker FROM signaltape_web",
        ),
    ],
)
def test_what_a_role_may_by_itself_or_by_another_is_told(
    owner: Connection, given: str, said: str, taken: str
) -> None:
    """It is not taken away unasked: a role belongs to the whole server, and so to whoever administers it."""
    owner.execute(given.encode())
    try:
        assert granting.grant(owner) == [said]
    finally:
        owner.execute(taken.encode())
    assert granting.differing(owner) == []


def test_nobody_keeps_a_right_to_hand_on_rights(owner: Connection) -> None:
    owner.execute("GRANT SELECT ON signals TO signaltape_web WITH GRANT OPTION")
    (said,) = granting.differing(owner)
    assert said == (
        'REVOKE GRANT OPTION FOR ALL PRIVILEGES ON TABLE "public"."signals" FROM "signaltape_web" CASCADE'
    )
    assert granting.grant(owner) == []


def test_a_right_to_a_days_partition_is_taken_away(owner: Connection) -> None:
    """What retention or a default of the owner left there goes round the table that the file speaks of."""
    owner.execute("ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO signaltape_web")
    owner.execute("SELECT ensure_record_partitions(ARRAY[(now() AT TIME ZONE 'Asia/Jakarta')::date])")
    said = granting.differing(owner)
    assert len(said) == 2
    assert all(
        line.startswith('REVOKE DELETE ON TABLE "public"."records_') and "_day_" in line for line in said
    )
    assert granting.grant(owner) == []
    owner.execute("ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM signaltape_web")


def test_of_all_roles_none_may_more_than_is_declared(owner: Connection) -> None:
    assert len(declared().roles) > 1
    assert granting.differing(owner) == []
