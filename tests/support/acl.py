"""Users of Redis: the file that is shipped, for the streams of tests, with passwords."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

USERS_FILE = Path(__file__).parents[2] / "deploy" / "redis" / "users.acl"
USERS = tuple(line.split()[1] for line in USERS_FILE.read_text().splitlines())
#: Servers that know these users, by their URL.
_prepared: set[str] = set()


def password_of(user: str) -> str:
    """What a user comes in with."""
    return f"{user}-comes-in"


def with_passwords(text: str) -> str:
    """The file with a password for each user, which are let in now."""
    return re.sub(r"^user (\w+) off", _let_in, text, flags=re.MULTILINE)


def _let_in(found: re.Match[str]) -> str:
    return f"user {found[1]} on #{sha256(password_of(found[1]).encode()).hexdigest()}"


def write_users(path: Path, stream: str = "signaltape") -> tuple[str, ...]:
    """Write the file for a stream (or a pattern of several); returns the options of a server that reads it."""
    path.write_text(with_passwords(USERS_FILE.read_text()).replace("~signaltape:", f"~{stream}:"))
    return ("--aclfile", str(path), "--acllog-max-len", "1000")


def note_users(url: str) -> None:
    """A server knows the users."""
    _prepared.add(url)


def url_of(user: str, url: str) -> str:
    """The URL of a server for a user; as it is, if the server does not know them."""
    return url.replace("unix://", f"unix://{user}:{password_of(user)}@", 1) if url in _prepared else url
