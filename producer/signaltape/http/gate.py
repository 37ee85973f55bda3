"""Who passes, and what stands on the answer: one Gate an application, one Visit a request. Knows no framework."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from signaltape.errors import SettingsError
from signaltape.http.hooks import HttpHooks
from signaltape.http.keys import Client, key_in
from signaltape.http.problems import BLANK, PROBLEM_JSON, QUOTA_EXCEEDED, problem_body
from signaltape.http.request_ids import HEADER, sane, take_over
from signaltape.http.standing import Standing, rate_headers, retry_after

if TYPE_CHECKING:
    from signaltape.http.limiting import Limiter  # needs the library `limits`, which not every engine has

log = logging.getLogger("signaltape")

#: An endpoint that no route is for. A path that was asked for is never a name: there are too many.
NONE = "none"
#: Of a request: text by the header's name in small letters.
HeaderOf = Callable[[str], str | None]
Headers = list[tuple[str, str]]
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_CHALLENGE = ("WWW-Authenticate", "Bearer")


class Asked(NamedTuple):
    """What is asked for. pattern: of the route, such as `/api/signal/<symbol>`; None if there is no route."""

    method: str
    path: str
    pattern: str | None
    address: str


class Answer(NamedTuple):
    """An answer that is given instead of the engine's own; without the headers that stand on every answer."""

    status: int
    headers: Headers
    body: bytes


def endpoint_name(method: str, pattern: str | None) -> str:
    """As an endpoint is measured: `GET /api/signal/<symbol>`, or `none`."""
    if pattern is None:
        return NONE
    return f"{method if method in _METHODS else 'OTHER'} {pattern}"


class Gate:
    """What an application's hooks ask for, made ready. Raises SettingsError if the limit cannot be used."""

    def __init__(self, hooks: HttpHooks) -> None:
        self.hooks = hooks
        self.limiter = None if hooks.limit is None else _limiter(hooks)
        self.versions: Headers = [] if hooks.versions is None else list(hooks.versions.headers())
        #: whether an answer may be given instead of the engine's
        self.refuses = bool(hooks.cors or hooks.keys or hooks.limit)
        #: whether anything is put on answers
        self.dresses = bool(self.refuses or self.versions or hooks.request_ids)
        #: whether there is anything to do besides measuring
        self.acts = bool(self.dresses or hooks.problems)

    @property
    def waits(self) -> bool:
        """Whether looking at a request may wait for a server."""
        return self.limiter is not None and self.limiter.waits


class Visit:
    """One request: its id, who asks, where they stand."""

    __slots__ = ("_gate", "_header", "client", "request_id", "standing")

    def __init__(self, gate: Gate, header: HeaderOf) -> None:
        given = header("x-request-id")
        self._gate, self._header = gate, header
        self.request_id = take_over(given) if gate.hooks.request_ids else sane(given)
        self.client: Client | None = None
        self.standing: Standing | None = None

    def refused(self, asked: Asked) -> Answer | None:
        """The answer to a preflight, to one who asks too often, or may not; None if the engine is to answer."""
        return self._preflight(asked) or self._too_often(asked) or self._unknown(asked)

    def headers(self, there: Iterable[str] = ()) -> Headers:
        """What is to be added to an answer. there: names that it has already, which the engine meant so."""
        known = {name.lower() for name in there}
        return [
            (name, value) for name, value in self._wanted() if name.lower() not in known or name == "Vary"
        ]

    def problem(self, status: int, path: str, detail: str | None = None, type_: str = BLANK) -> bytes:
        """The body of an error of this request."""
        return problem_body(status, detail, type_=type_, path=path, request_id=self.request_id)

    def note_failure(self, method: str, pattern: str | None) -> None:
        """Put the id of a request whose error nobody caught into the log, beside what the framework says there."""
        log.error("request %s failed: %s", self.request_id or "-", endpoint_name(method, pattern))

    def _preflight(self, asked: Asked) -> Answer | None:
        cors, origin = self._gate.hooks.cors, self._header("origin")
        before = asked.method == "OPTIONS" and self._header("access-control-request-method") is not None
        if cors is None or not before or not cors.allows(origin):
            return None
        return Answer(204, cors.of_preflight(), b"")

    def _too_often(self, asked: Asked) -> Answer | None:
        limit, limiter, keys = self._gate.hooks.limit, self._gate.limiter, self._gate.hooks.keys
        if keys is not None:
            self.client = keys.client_of(key_in(self._header("authorization"), self._header("x-api-key")))
        if limit is None or limiter is None or asked.pattern in limit.free:
            return None
        who = f"address:{asked.address}" if self.client is None else f"client:{self.client.name}"
        self.standing = limiter.count(who)
        if self.standing.passes:
            return None
        said = f"More than {self.standing.quota} requests in {self.standing.window_s} s. Ask less often."
        return self._problem(asked, 429, said, list(retry_after(self.standing).items()), QUOTA_EXCEEDED)

    def _unknown(self, asked: Asked) -> Answer | None:
        keys = self._gate.hooks.keys
        scope = None if keys is None else keys.scope_of(asked.method, asked.pattern or NONE)
        if scope is None:
            return None
        if self.client is None:
            return self._problem(asked, 401, None, [_CHALLENGE])
        if scope not in self.client.scopes:
            return self._problem(asked, 403, f"This key does not have the scope {scope}.", [])
        return None

    def _problem(
        self, asked: Asked, status: int, detail: str | None, headers: Headers, type_: str = BLANK
    ) -> Answer:
        body = self.problem(status, asked.path, detail, type_)
        return Answer(status, [("Content-Type", PROBLEM_JSON), *headers], body)

    def _wanted(self) -> Headers:
        hooks, wanted = self._gate.hooks, self._gate.versions.copy()
        if hooks.request_ids and self.request_id is not None:
            wanted.append((HEADER, self.request_id))
        if self.standing is not None:
            wanted.extend(rate_headers(self.standing).items())
        if hooks.cors is not None:
            wanted.extend(hooks.cors.of_answer(self._header("origin")))
        return wanted


def _limiter(hooks: HttpHooks) -> Limiter:
    assert hooks.limit is not None
    try:
        from signaltape.http.limiting import Limiter  # only for those who limit
    except ImportError as error:
        raise SettingsError(f'limit needs the library limits (pip install ".[limits]"): {error}') from error
    return Limiter(hooks.limit)
