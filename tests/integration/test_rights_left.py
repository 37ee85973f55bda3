"""A role that migrates and may not make roles, as on many managed servers: what is left, another one does."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from deploy.embedded.postgres import Postgres
from signaltape import Secret
from sink.__main__ import main
from sink.admin import granting
from sink.admin.declared_rights import declared, parse
from sink.db import Connection, connect
from tests.support.postgres import own_postgres


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with own_postgres() as started:
        yield started


@pytest.fixture
def admin(server: Postgres) -> Iterator[Connection]:
    """May do everything, in a database that belongs to another."""
    with connect(Secret(server.url())) as first:
        first.execute("CREATE ROLE modest LOGIN")
        first.execute("CREATE DATABASE tape OWNER modest")
    with connect(Secret(server.url("tape"))) as opened:
        yield opened
    with connect(Secret(server.url())) as last:
        last.execute("DROP DATABASE tape WITH (FORCE)")
        last.execute("DROP ROLE modest")
        for role in declared().roles.values():
            last.execute(f"DROP ROLE IF EXISTS {role}".encode())


@pytest.fixture
def url(server: Postgres, admin: Connection) -> str:
    return server.url("tape").replace("//signaltape@", "//modest@")


def ran(url: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments, env={"DATABASE_URL": url})
    return done.exit_code, done.output


def test_it_migrates_and_says_in_one_line_what_is_left(url: str, admin: Connection) -> None:
    code, said = ran(url, "migrate")
    assert code == 0
    first, second = said.splitlines()[-2:]
    assert first == "schema is up to date"
    assert second.endswith("could not be set by this role: python -m sink rights")
    assert len(second) <= 80
    code, said = ran(url, "rights")
    assert code == 1
    assert said.startswith('CREATE ROLE "signaltape_archiver" NOLOGIN;\n')
    admin.execute(said.encode())
    assert ran(url, "rights") == (0, "every process has the rights that are declared, and no others\n")


def test_where_somebody_made_the_roles_it_does_the_rest_itself(url: str, admin: Connection) -> None:
    for role in declared().roles.values():
        admin.execute(f"CREATE ROLE {role} NOLOGIN".encode())
    code, said = ran(url, "migrate")
    assert (code, said.splitlines()[-1]) == (0, "schema is up to date")
    code, said = ran(url, "rights", "--json")
    assert (code, json.loads(said)) == (0, {"missing": []})


def test_one_that_may_make_roles_leaves_nothing(url: str, admin: Connection) -> None:
    admin.execute("ALTER ROLE modest CREATEROLE")
    code, said = ran(url, "migrate")
    assert (code, said.splitlines()[-1]) == (0, "schema is up to date")


def test_a_role_that_owns_nothing_changes_nothing_and_breaks_nothing(
    server: Postgres, url: str, admin: Connection
) -> None:
    assert ran(url, "migrate")[0] == 0
    with connect(Secret(url)) as owner:
        left = granting.differing(owner)
    admin.execute("CREATE ROLE stranger LOGIN")
    with connect(Secret(server.url("tape").replace("//signaltape@", "//stranger@"))) as stranger:
        assert granting.grant(stranger) == left
    admin.execute("DROP ROLE stranger")


def test_a_process_that_the_file_does_not_list_is_refused_by_name() -> None:
    text = 'processes = "worker"\n[database]\n[schema]\n[functions]\n[tables.signals]\nselect = "web"\n'
    with pytest.raises(ValueError, match="'web' is not among the processes: worker"):
        parse(text)
