"""Who may do what in Postgres: the file, the schema and what the server refuses say the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import product

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from deploy.embedded.servers import Urls
from signaltape import Secret
from sink.admin import granting
from sink.admin.declared_rights import declared
from sink.admin.migrate import migrate
from sink.db import Connection, connect
from tests.support.logins import login_of, url_for
from tests.support.waiting import ended

DECLARED = declared()
PROCESSES = sorted(DECLARED.roles)
#: Each needs the right to this alone. A view is only read.
TRIED = {
    "SELECT": "SELECT FROM {table} LIMIT 0",
    "INSERT": "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE": "UPDATE {table} SET {column} = NULL WHERE FALSE",
    "DELETE": "DELETE FROM {table} WHERE FALSE",
    "TRUNCATE": "TRUNCATE {table}",
}
#: What no process may, whatever its tables.
NEVER = (
    "CREATE TABLE public.mine (id INTEGER)",
    "CREATE FUNCTION public.mine() RETURNS INTEGER LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "ALTER TABLE signals ADD COLUMN mine INTEGER",
    "CREATE INDEX mine ON signals (symbol)",
    "CREATE TRIGGER mine BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP TABLE signals",
    "DROP FUNCTION score_edges()",
    "LOCK TABLE schema_migrations IN ACCESS EXCLUSIVE MODE",
    "ALTER FUNCTION ensure_record_partitions(date[]) SECURITY INVOKER",
    "CREATE ROLE mine",
    "ALTER ROLE signaltape PASSWORD 'mine'",
    "SET ROLE signaltape",
    "SET SESSION AUTHORIZATION signaltape",
    "SET log_statement = 'none'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/mine'",
    "CREATE TEMP TABLE mine (line TEXT); COPY mine FROM PROGRAM 'true'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "CREATE EXTENSION file_fdw",
    "SELECT nextval('outbox_id_seq')",
    "SELECT setval('outbox_id_seq', 1)",
)


@pytest.fixture
def rights(connection: Connection) -> None:
    """A copy of a database has its tables' rights, and not its own: they are set as a migration does."""
    assert granting.grant(connection) == []


def tables(connection: Connection) -> dict[str, str]:
    """All tables and views; of a table a column that may be updated."""
    rows = connection.execute(
        """
        SELECT c.relname, coalesce(max(a.attname) FILTER (WHERE a.attidentity = '' AND a.attgenerated = ''), '')
        FROM pg_class c
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind <> 'v'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        GROUP BY c.oid
        """
    )
    return dict(rows.fetchall())


@pytest.fixture(params=PROCESSES)
def process(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def session(process: str, database: Secret, rights: None) -> Iterator[Connection]:
    with connect(Secret(url_for(process, database.reveal()))) as opened:
        assert opened.info.user == login_of(process)
        yield opened


def is_refused(session: Connection, statement: str | sql.Composed) -> bool:
    """Whether a statement ends for want of a right. What it does is undone."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement.encode() if isinstance(statement, str) else statement)
    except InsufficientPrivilege:
        return True
    except psycopg.Error as error:  # what is missing is another thing than a right
        assert not isinstance(error, psycopg.OperationalError), error
    return False


def test_every_table_view_and_function_stands_in_the_file(connection: Connection) -> None:
    functions = connection.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert set(DECLARED.tables) == set(tables(connection))
    assert sorted(DECLARED.functions) == sorted(name for (name,) in functions.fetchall()), (
        "no two of one name"
    )


def test_every_sequence_belongs_to_a_column_that_numbers_itself(connection: Connection) -> None:
    owned = connection.execute(
        """
        SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'i'))
        FROM pg_class c WHERE relkind = 'S'
        """
    ).fetchall()[0]
    assert owned[0] == owned[1] > 0


def test_what_runs_with_its_owners_rights_looks_nowhere_else_for_names(connection: Connection) -> None:
    found = connection.execute("SELECT proname, proconfig FROM pg_proc WHERE prosecdef").fetchall()
    assert {name for name, _ in found} == {
        "ensure_record_partitions", "record_partition_holds", "drop_record_partition", "expire_records"
    }  # fmt: skip
    assert all("search_path=public, pg_temp" in config for _, config in found)


def test_a_process_may_touch_tables_as_it_is_declared_and_not_otherwise(
    session: Connection, process: str, connection: Connection
) -> None:
    role, columns = DECLARED.roles[process], tables(connection)
    allowed = {
        (right.name, right.privilege)
        for right in DECLARED.rights
        if right.grantee == role and right.kind == "table" and not right.column
    }
    got = {
        (table, privilege)
        for table, privilege in product(columns, TRIED)
        if (columns[table] or privilege == "SELECT")
        and not is_refused(session, _tried(TRIED[privilege], table, columns[table]))
    }
    assert got == allowed


def _tried(statement: str, table: str, column: str) -> sql.Composed:
    return sql.SQL(statement).format(table=sql.Identifier(table), column=sql.Identifier(column))


OF_COLUMNS = sorted({(one.name, one.grantee) for one in DECLARED.rights if one.column})


@pytest.mark.parametrize(("table", "grantee"), OF_COLUMNS)
def test_a_right_to_some_columns_is_to_no_other(table: str, grantee: str, connection: Connection) -> None:
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND attidentity = '' AND attgenerated = ''"
    )
    columns = [name for (name,) in connection.execute(query, (table,)).fetchall()]
    with connection.transaction(force_rollback=True):
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(grantee)))
        allowed = {
            name for name in columns if not is_refused(connection, _tried(TRIED["UPDATE"], table, name))
        }
    assert allowed == {
        one.column for one in DECLARED.rights if (one.name, one.grantee) == (table, grantee) and one.column
    }


@pytest.mark.parametrize("statement", NEVER)
def test_no_process_may_do_what_is_not_its_own(
    statement: str, database: Secret, rights: None, connection: Connection
) -> None:
    for process in PROCESSES:
        with connect(Secret(url_for(process, database.reveal()))) as session:
            assert is_refused(session, statement), process


def test_functions_of_the_owner_are_called_by_those_they_are_made_for(
    session: Connection, process: str
) -> None:
    calls = {
        "ensure_record_partitions": "SELECT ensure_record_partitions('{}'::date[])",
        "record_partition_holds": "SELECT record_partition_holds('records_market_rest', now())",
        "drop_record_partition": "SELECT drop_record_partition('records_market_rest', now())",
        "expire_records": "SELECT expire_records('records_market_rest', 'market', '-infinity', 1)",
        "record_partition": "SELECT record_partition('records_market_rest')",
        "count_expired_records": "SELECT count_expired_records(0)",
    }
    allowed = {name for name, call in calls.items() if not is_refused(session, call)}
    role = DECLARED.roles[process]
    assert allowed == {one.name for one in DECLARED.rights if one.grantee == role and one.kind == "function"}


@pytest.mark.parametrize(
    "name", ["signals", "records_desk", "records_market_rest", "records", "x; DROP TABLE signals"]
)
def test_only_the_partition_of_a_day_is_dropped(name: str, connection: Connection) -> None:
    with pytest.raises((psycopg.errors.UndefinedTable, psycopg.errors.InvalidParameterValue)) as refused:
        connection.execute("SELECT drop_record_partition(%s, 'infinity')", (name,))
    assert name in str(refused.value)


def test_only_the_worker_makes_temporary_tables(session: Connection, process: str) -> None:
    assert is_refused(session, "CREATE TEMP TABLE mine (id INTEGER)") == (process != "worker")


def test_what_was_granted_by_hand_beyond_the_file_is_taken_away(connection: Connection, rights: None) -> None:
    connection.execute("GRANT DELETE, UPDATE (symbol) ON signals TO signaltape_web")
    connection.execute("REVOKE INSERT ON signals FROM signaltape_worker")
    connection.execute("GRANT EXECUTE ON FUNCTION expire_records TO PUBLIC")
    assert granting.differing(connection) == [
        'REVOKE EXECUTE ON FUNCTION "public"."expire_records" FROM PUBLIC',
        'REVOKE DELETE ON TABLE "public"."signals" FROM "signaltape_web"',
        'REVOKE UPDATE ("symbol") ON TABLE "public"."signals" FROM "signaltape_web"',
        'GRANT INSERT ON TABLE "public"."signals" TO "signaltape_worker"',
    ]
    assert granting.grant(connection) == []


def test_nobody_hands_on_what_was_given(session: Connection, connection: Connection) -> None:
    with suppress(InsufficientPrivilege):  # or a warning, for who may do some of it
        session.execute("GRANT SELECT ON signals, outbox TO PUBLIC")
    assert granting.differing(connection) == []


def test_what_others_keep_in_the_same_schema_is_left_alone(connection: Connection, rights: None) -> None:
    connection.execute("CREATE TABLE of_others (id INTEGER)")
    connection.execute("GRANT ALL ON of_others TO signaltape_web, PUBLIC")
    assert granting.differing(connection) == []


def test_databases_of_one_server_may_be_migrated_at_once(
    servers: Urls, maker: Connection, template: str
) -> None:
    """They share their roles, which each of them makes where they are missing."""
    names = [f"side_by_side_{n}" for n in range(4)]
    for name in names:
        maker.execute(f"CREATE DATABASE {name}".encode())
    left: list[list[str]] = []

    def work(name: str) -> None:
        with connect(Secret(servers.database.replace("@/postgres?", f"@/{name}?"))) as own:
            migrate(own)
            left.append(granting.differing(own))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    ended(*threads)
    for name in names:
        maker.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
    assert left == [[], [], [], []]
