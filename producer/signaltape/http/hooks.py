"""What is asked of the hooks: all off but measuring, until it is said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from signaltape.errors import SettingsError
from signaltape.http.cors import Cors
from signaltape.http.header_values import is_header_text
from signaltape.http.keys import Keys
from signaltape.settings import Secret
from signaltape.showing import show

_POLICY_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class Versions(Struct, frozen=True, kw_only=True):
    """What answers are made by. Those that are left out have no header. Printable ASCII, at most 100 signs."""

    api: str | None = None
    model: str | None = None
    features: str | None = None
    rules: str | None = None

    def __post_init__(self) -> None:
        for header, text in self.headers():
            if not is_header_text(text):
                raise SettingsError(
                    f"versions: {header} cannot be {show(text)}: printable ASCII, 1 to 100 signs"
                )

    def headers(self) -> Iterator[tuple[str, str]]:
        """As they stand on an answer."""
        named = zip(_VERSION_HEADERS, (self.api, self.model, self.features, self.rules), strict=True)
        return ((header, text) for header, text in named if text is not None)


_VERSION_HEADERS = ("X-API-Version", "X-Model-Version", "X-Features-Version", "X-Rules-Version")


class Limit(Struct, frozen=True, kw_only=True):
    """How often a client (or an address, without a key) may ask.

    rate: as `limits` reads it, `100/second`. name: of the policy, in the headers. free: endpoints that are not
    counted, by their pattern. storage: where it is counted, as `limits` names it (`redis://…`); without one in the
    memory of each process, so that N processes let N times as many pass.
    """

    rate: str = "100/second"
    name: str = "default"
    free: frozenset[str] = frozenset()
    storage: Secret | None = None

    def __post_init__(self) -> None:
        if not _POLICY_NAME.fullmatch(self.name):
            raise SettingsError(f"limit.name: {show(self.name)} must be small letters, digits, _ and -")


class HttpHooks(Struct, frozen=True, kw_only=True):
    """Which hooks an engine wants. By themselves they measure, and change nothing of any answer.

    request_ids: X-Request-Id on every answer. versions: the X-…-Version headers. limit: RateLimit headers, and 429
    beyond it. problems: errors in a framework's own words become problem+json. cors: pages that may read. keys: who
    may ask for what.
    """

    measure: bool = True
    request_ids: bool = False
    versions: Versions | None = None
    limit: Limit | None = None
    problems: bool = False
    cors: Cors | None = None
    keys: Keys | None = None
