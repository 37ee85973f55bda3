"""Logins of the processes: each may do what its process is declared to be allowed (sink/grants.toml), and nothing else.

Whatever a test runs as a process of the product runs under its own.
"""

from __future__ import annotations

from sink.admin.declared_rights import declared, role_of
from sink.db import Connection

#: Who administers the database, by the first words of a command: nothing here is a process's.
_OWNERS = (("sink",), ("desk", "users"), ("web", "keys"), ("replay", "load"), ("guard", "stamp"))
#: Of the room that has two processes, the commands of the archive; all others are the player's.
_ARCHIVE = ("archive", "retention", "health", "export")
_OF_ROOM = {
    "worker": "worker",
    "reports": "reports",
    "outbox": "reports",
    "web": "web",
    "desk": "desk",
    "ghost": "ghost",
    "guard": "guard",
}
#: Of `signaltape`: who says something to all processes is the desk.
_OF_COMMAND = {"ship": "ship", "emit": "engine", "pause": "desk", "resume": "desk", "processes": "desk"}
OWNER = "signaltape"


def make_logins(connection: Connection) -> None:
    """Make a login of each process. Its group is there: the database is migrated."""
    for process, group in declared().roles.items():
        connection.execute(f"CREATE ROLE {login_of(process)} LOGIN IN ROLE {group}".encode())


def login_of(process: str) -> str:
    """What the login of a process is called."""
    return f"{role_of(process)}_login"


def url_for(process: str, url: str) -> str:
    """The URL of a database for a process; url: the owner's."""
    return url.replace(f"//{OWNER}@", f"//{login_of(process)}@", 1)


def process_of(arguments: tuple[str, ...]) -> str | None:
    """Which process runs `python -m ARGUMENTS`; None: whoever owns the tables."""
    if any(arguments[: len(words)] == words for words in _OWNERS):
        return None
    if arguments[:2] == ("replay", "stream"):
        return "worker"
    if arguments[:1] == ("replay",):
        return "archiver" if arguments[1:2] and arguments[1] in _ARCHIVE else "replays"
    return _OF_ROOM.get(arguments[0]) if arguments else None


def user_of(arguments: tuple[str, ...]) -> str | None:
    """As which user of Redis `python -m ARGUMENTS` comes in; None: the default one."""
    if arguments[0] in ("signaltape", "signaltape.commands.cli"):
        return _OF_COMMAND.get(arguments[1]) if len(arguments) > 1 else None
    return arguments[0] if arguments[0] == "market" else process_of(arguments)
