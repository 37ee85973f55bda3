"""What the roles of processes may by themselves, or by other roles: nothing, whoever made them.

A role belongs to the whole server, and may have been there before. So this is told, and not taken away.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from sink.admin.declared_rights import Declared
from sink.db import Connection
from sink.queries import own

_SQL = own("grants")
_NONE = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")


def to_be_taken(connection: Connection, wanted: Declared) -> Iterator[sql.Composed]:
    """The statements that take it away, for whoever administers the server. Raises psycopg.Error."""
    asked = {"roles": sorted(wanted.roles.values())}
    for (role,) in connection.execute(_SQL["powers"], asked).fetchall():
        yield sql.SQL("ALTER ROLE {} ").format(sql.Identifier(role)) + _NONE
    for member, group in connection.execute(_SQL["memberships"], asked).fetchall():
        yield sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), sql.Identifier(member))
