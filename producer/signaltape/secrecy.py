"""Known secrets, and the one place that takes them out of texts that are logged, stored or printed.

A `Secret` makes itself known here when it is made. It is found in every spelling in which a library or a server may
say it back: as given, percent-encoded, percent-decoded, escaped, and in the parts into which an odd character may
cut it. Three characters or less are no secret, and neither is a password that says what stands beside it in the
clear (the user's or the database's name): taking these out would shred what is printed. Such a URL is still hidden
as a whole, and so is its `:password@`.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

STARS = "***"
#: A secret shorter than this is not hidden by itself.
LEAST_CHARACTERS = 4
#: Passwords of every tutorial; also words of almost every line that is printed.
_NO_SECRETS = frozenset({"signaltape", "postgres", "postgresql", "redis", "worker"})
#: Where a driver may cut a user name or a password that is not percent-encoded.
_CUTS = re.compile(r"[@/?#%\[\]\s]+")
_SECRET_OPTION = re.compile(r"[?&][^=&]*(?:password|secret|_key)=([^&#]*)", re.IGNORECASE)

_lock = threading.Lock()
_known: set[str] = set()
_pattern: re.Pattern[str] | None = None


def keep_secret(text: str) -> None:
    """Make a secret known: a token, a password, or a URL that may hold one."""
    global _pattern  # noqa: PLW0603 - swapped as a whole, so that `scrub` needs no lock
    with _lock:
        found = set(spellings(text)) - _known
        if found:
            _known.update(found)
            longest_first = sorted(_known, key=len, reverse=True)
            _pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)


def scrub(text: str) -> str:
    """`text` with stars in place of every known secret."""
    pattern = _pattern
    return text if pattern is None else pattern.sub(STARS, text)


def _renew_lock() -> None:
    """In a forked child: another thread of the parent may have held it."""
    global _lock  # noqa: PLW0603 - one of each process
    _lock = threading.Lock()


def spellings(text: str) -> Iterator[str]:
    """What to look for, so that nothing of a secret is shown."""
    scheme, mark, rest = text.partition("://")
    if mark:
        yield from _of_url(scheme, rest)
        return
    yield from _spelled(text)
    yield from _spelled(text.partition(":")[2])  # of a bot's token: what stands behind its number


def _of_url(scheme: str, rest: str) -> Iterator[str]:
    userinfo, _, place = rest.rpartition("@")
    user, _, password = userinfo.partition(":")
    clear = {unquote(word) for word in (user, *re.split("[/:]", place.partition("?")[0]))} | _NO_SECRETS
    given = [password, *_SECRET_OPTION.findall(rest)]
    for secret in filter(None, given):
        if unquote(secret) not in clear:
            yield from _spelled(secret)
    if any(given):
        yield f"{scheme}://{rest}"
    if password:
        yield f":{password}@"
    if _CUTS.search(re.sub("%[0-9a-fA-F]{2}", "", password)):
        yield from (part for part in _CUTS.split(password) if len(part) >= LEAST_CHARACTERS)
        yield from (f"{password[cut.end() :]}@" for cut in _CUTS.finditer(password) if password[cut.end() :])


def _spelled(secret: str) -> Iterator[str]:
    import json  # only where there is a secret

    if len(unquote(secret)) < LEAST_CHARACTERS:
        return
    plain = unquote(secret)
    bare = plain.encode("utf-8", "backslashreplace")
    for text in (secret, plain, quote(bare, safe=""), quote(bare), quote_plus(bare)):
        yield text
        yield repr(text)[1:-1]
        yield repr(text.encode("utf-8", "backslashreplace"))[2:-1]
        yield json.dumps(text)[1:-1]


os.register_at_fork(after_in_child=_renew_lock)
