"""Which process may do what in Postgres, as `sink/grants.toml` declares it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).parents[1] / "grants.toml"
#: PUBLIC, in the file.
EVERYBODY = "everybody"
_COLUMN = re.compile(r"(\w+)\((\w+)\)")


class Right(NamedTuple):
    """One thing that one grantee may do.

    kind: database, schema, table (views too) or function; name: of the object, empty for the database and the schema;
    column: the only one of a table, or empty; privilege: as Postgres calls it; grantee: a role, or empty for PUBLIC.
    """

    kind: str
    name: str
    column: str
    privilege: str
    grantee: str


class Declared(NamedTuple):
    """All of it. roles: the groups by the process; tables, functions: names of those that stand in the file."""

    roles: dict[str, str]
    tables: frozenset[str]
    functions: frozenset[str]
    rights: frozenset[Right]


def role_of(process: str) -> str:
    """The group of a process. The same in every database of a server: who may connect to which, its admin says."""
    return f"signaltape_{process}"


def declared() -> Declared:
    """What the file says."""
    return parse(_FILE.read_text())


def parse(text: str) -> Declared:
    """The same of any text. Raises ValueError if it names a process that it does not list."""
    found = tomllib.loads(text)
    roles = {process: role_of(process) for process in found["processes"].split()}
    rights = frozenset(
        Right(kind, name, *_of_column(privilege), _grantee(one, roles))
        for kind, name, privilege, who in _lines(found)
        for one in who.split()
    )
    return Declared(roles, frozenset(found["tables"]), frozenset(found["functions"]), rights)


def _lines(found: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    """Kind and name of each object, what may be done to it, and by whom."""
    for kind in ("database", "schema"):
        yield from ((kind, "", privilege, who) for privilege, who in found[kind].items())
    for table, privileges in found["tables"].items():
        yield from (("table", table, privilege, who) for privilege, who in _items(privileges))
    yield from (("function", function, "execute", who) for function, who in found["functions"].items())


def _items(privileges: object) -> Iterator[tuple[str, str]]:
    assert isinstance(privileges, dict)
    yield from privileges.items()


def _of_column(privilege: str) -> tuple[str, str]:
    """Column and privilege: `update(outcome)` is of one column alone."""
    match = _COLUMN.fullmatch(privilege)
    return (match[2], match[1].upper()) if match else ("", privilege.upper())


def _grantee(process: str, roles: Mapping[str, str]) -> str:
    if process == EVERYBODY:
        return ""
    if process not in roles:
        raise ValueError(f"{process!r} is not among the processes: {', '.join(roles)}")
    return roles[process]
