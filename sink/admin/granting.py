"""Brings the rights in a database to what `sink/grants.toml` declares, as far as the migrating role may.

Only what differs is granted or taken away, so that a second run does nothing. A role that may not create roles, or does
not own the database, does what it can; `differing` tells the rest as statements for somebody who may.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import LiteralString, NamedTuple

from psycopg import sql
from psycopg.errors import DuplicateObject, InsufficientPrivilege, UniqueViolation

from sink.admin import powers
from sink.admin.declared_rights import Declared, Right, declared
from sink.db import Connection
from sink.queries import own

_SQL = own("grants")
#: What may stand in a statement besides names.
_WORDS: dict[str, LiteralString] = {
    "DATABASE": "DATABASE",
    "SCHEMA": "SCHEMA",
    "TABLE": "TABLE",
    "FUNCTION": "FUNCTION",
    "SELECT": "SELECT",
    "INSERT": "INSERT",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "TRUNCATE": "TRUNCATE",
    "REFERENCES": "REFERENCES",
    "TRIGGER": "TRIGGER",
    "MAINTAIN": "MAINTAIN",
    "EXECUTE": "EXECUTE",
    "CONNECT": "CONNECT",
    "CREATE": "CREATE",
    "TEMPORARY": "TEMPORARY",
    "USAGE": "USAGE",
}
_VERBS: dict[bool, tuple[LiteralString, LiteralString]] = {True: ("GRANT", "TO"), False: ("REVOKE", "FROM")}


class _Statement(NamedTuple):
    """Privileges on one object, or one column of it (part), given to grantees or taken away from them."""

    given: bool
    kind: str
    name: str
    part: str
    privileges: tuple[str, ...]
    grantees: tuple[str, ...]


def grant(connection: Connection) -> list[str]:
    """Set the rights; returns the statements that are left for somebody who may. Raises psycopg.Error.

    connection: in autocommit mode. Safe from several processes at once, also in several databases of one server, which
    share their roles.
    """
    wanted = declared()
    for role in _lacking(connection, wanted):
        with suppress(DuplicateObject, UniqueViolation, InsufficientPrivilege):
            connection.execute(_create(role))
    with connection.transaction():
        connection.execute(_SQL["lock"])
        there = set(wanted.roles.values()) - set(_lacking(connection, wanted))
        for statement in _statements(connection, wanted, there | {""}):
            with suppress(InsufficientPrivilege), connection.transaction():
                connection.execute(statement)
    return differing(connection)


def differing(connection: Connection) -> list[str]:
    """The statements that would bring the rights to what is declared; none if they are so. Raises psycopg.Error."""
    wanted = declared()
    statements = [
        *(_create(role) for role in _lacking(connection, wanted)),
        *powers.to_be_taken(connection, wanted),
        *_statements(connection, wanted, {*wanted.roles.values(), ""}),
    ]
    return [statement.as_string(connection) for statement in statements]


def _lacking(connection: Connection, wanted: Declared) -> list[str]:
    """The roles that are not there."""
    roles = sorted(wanted.roles.values())
    there = {name for (name,) in connection.execute(_SQL["roles"], {"roles": roles}).fetchall()}
    return [role for role in roles if role not in there]


def _create(role: str) -> sql.Composed:
    return sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role))


def _held(connection: Connection, wanted: Declared) -> dict[Right, bool]:
    """What is held, and whether it may be handed on."""
    asked = {
        "roles": list(wanted.roles.values()),
        "tables": list(wanted.tables),
        "functions": list(wanted.functions),
    }
    found: dict[Right, bool] = {}
    for *right, grantable in connection.execute(
        _SQL["held"], asked
    ).fetchall():  # each as often as it was granted
        found[Right(*right)] = grantable or found.get(Right(*right), False)
    return found


def _statements(connection: Connection, wanted: Declared, grantees: set[str]) -> Iterator[sql.Composed]:
    """What is to be given and taken away, for these grantees."""
    held = _held(connection, wanted)
    database, schema = connection.execute(_SQL["place"]).fetchall()[0]
    handed_on = {right._replace(column="", privilege="") for right, grantable in held.items() if grantable}
    for right in sorted(one for one in handed_on if one.grantee in grantees):
        yield _kept_to_itself(right, _where(right, database, schema))
    for given, rights in ((False, held.keys() - wanted.rights), (True, wanted.rights - held.keys())):
        for one in _together(given, (right for right in rights if right.grantee in grantees)):
            yield _composed(one, _where(one, database, schema))


def _where(one: Right | _Statement, database: str, schema: str) -> tuple[str, ...]:
    return {"database": (database,), "schema": (schema,)}.get(one.kind, (schema, one.name))


def _kept_to_itself(right: Right, where: tuple[str, ...]) -> sql.Composed:
    """Takes away that it may be handed on, and what was handed on."""
    return sql.SQL("REVOKE GRANT OPTION FOR ALL PRIVILEGES ON {} {} FROM {} CASCADE").format(
        sql.SQL(_word(right.kind)), sql.Identifier(*where), sql.Identifier(right.grantee)
    )


def _together(given: bool, rights: Iterable[Right]) -> list[_Statement]:
    """One statement for all privileges on an object, and for all grantees that get the same."""
    privileges: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for right in sorted(rights):
        privileges[right.kind, right.name, right.column, right.grantee].append(right.privilege)
    grantees: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (kind, name, part, grantee), several in privileges.items():
        grantees[kind, name, part, tuple(several)].append(grantee)
    return sorted(_Statement(given, *what, tuple(who)) for what, who in grantees.items())


def _composed(one: _Statement, where: tuple[str, ...]) -> sql.Composed:
    verb, preposition = _VERBS[one.given]
    part = sql.SQL(" ({})").format(sql.Identifier(one.part)) if one.part else sql.SQL("")
    return sql.SQL(" ").join(
        [
            sql.SQL(verb),
            sql.SQL(", ").join(sql.SQL(word) + part for word in map(_word, one.privileges)),
            sql.SQL("ON"),
            sql.SQL(_word(one.kind)),
            sql.Identifier(*where),
            sql.SQL(preposition),
            sql.SQL(", ").join(sql.Identifier(name) if name else sql.SQL("PUBLIC") for name in one.grantees),
        ]
    )


def _word(word: str) -> LiteralString:
    """A key word of SQL, and no other text."""
    return _WORDS[word.upper()]
