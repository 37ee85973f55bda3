"""The WSGI layer around a Flask app: it times answers and puts headers on them; of a body it changes nothing.

It lies innermost, around the app itself: whatever is wrapped around `app.wsgi_app` afterwards stays outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from signaltape.http.gate import Gate, HeaderOf, Visit
from signaltape.http.timing import FAILED, Observe, Timing

Environ = dict[str, Any]
Start = Callable[..., Any]
Wsgi = Callable[[Environ, Start], Iterable[bytes]]
#: Where a request's Visit stands in its environ.
VISIT = "signaltape.visit"
REQUEST_ID = "signaltape.request_id"
#: The rule of its route, such as `/api/signal/<symbol>`, once Flask has looked; None if there is none for its path.
PATTERN = "signaltape.pattern"


class Layer:
    """Around `inner`. observe: whom an answer's time is told; None if it is not measured."""

    def __init__(self, inner: Wsgi, gate: Gate, observe: Observe | None) -> None:
        self._inner, self._gate, self._observe = inner, gate, observe

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer as the app does."""
        visit = environ[VISIT] = Visit(self._gate, header_of(environ))
        environ[REQUEST_ID] = visit.request_id
        begin = self._dressing(visit, start) if self._gate.dresses else start
        return self._timed(environ, begin, visit) if self._observe else self._inner(environ, begin)

    def _timed(self, environ: Environ, start: Start, visit: Visit) -> Iterable[bytes]:
        assert self._observe is not None
        timing, inner = Timing(self._observe), self._inner

        def begin(status: str, headers: list[tuple[str, str]], *failed: Any) -> Any:
            timing.answered(int(status[:3]))
            note_pattern(environ)
            return start(status, headers, *failed)

        watched = _Watched(timing, environ, visit)
        try:
            body = inner(environ, begin)
        except BaseException:
            watched.end(FAILED)
            raise
        return watched.over(body)

    def _dressing(self, visit: Visit, start: Start) -> Start:
        def begin(status: str, headers: list[tuple[str, str]], *failed: Any) -> Any:
            return start(status, [*headers, *visit.headers(name for name, _ in headers)], *failed)

        return begin


class _Watched:
    """A body as it goes out: its end is the end of the answer. Parts are passed on as they are."""

    __slots__ = ("_body", "_environ", "_next", "_timing", "_visit")

    def __init__(self, timing: Timing, environ: Environ, visit: Visit) -> None:
        self._timing, self._environ, self._visit = timing, environ, visit

    def over(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """The body, watched if it can only be walked through; others a server may treat by what they are."""
        if hasattr(body, "__len__") or not hasattr(body, "close") or _is_file(body, self._environ):
            self.end()
            return body
        self._body, self._next = body, iter(body).__next__
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return self._next()
        except StopIteration:
            raise
        except BaseException:
            self.end(FAILED)  # the answer breaks off in the middle, whatever status it began with
            raise

    def close(self) -> None:
        """The server calls it at the end, whether all went out or not."""
        self.end()
        self._body.close()

    def end(self, status: int | None = None) -> None:
        """Tell how it went, once."""
        environ = self._environ
        self._timing.end(environ["REQUEST_METHOD"], environ.get(PATTERN), self._visit.request_id, status)


def note_pattern(environ: Environ) -> str | None:
    """Keep the rule of the route: Flask lets go of the request before its answer has gone out."""
    rule = getattr(environ.get("werkzeug.request"), "url_rule", None)
    pattern = environ[PATTERN] = None if rule is None else str(rule.rule)
    return pattern


def header_of(environ: Environ) -> HeaderOf:
    """Reads a header of a request by its name in small letters."""

    def of(name: str) -> str | None:
        value: str | None = environ.get(_key_of(name))
        return value

    return of


@cache
def _key_of(name: str) -> str:
    """As WSGI names a header; the names are those that hooks ask for, a dozen."""
    return "HTTP_" + name.upper().replace("-", "_")


def _is_file(body: object, environ: Environ) -> bool:
    """Whether the server sends it by a way of its own, such as sendfile."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(body, wrapper)
