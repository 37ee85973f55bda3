"""Whether an answer that is an error is told as a problem instead, by what a framework says of itself. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from signaltape.http.problems import PROBLEM_JSON, may_be_told

#: An error in more bytes was written by somebody.
_MOST_BYTES = 4096
#: A text that is longer is a page, and no sentence.
_MOST_SIGNS = 300
#: What is told anew replaces these.
_OF_THE_BODY = frozenset((b"content-type", b"content-length"))

RawHeaders = Sequence[tuple[bytes, bytes]]


class _Detail(msgspec.Struct, forbid_unknown_fields=True):
    """What FastAPI says by itself: `{"detail": "Not Found"}`."""

    detail: str


def may_be_anew(status: int, headers: RawHeaders, accept: str | None) -> bool:
    """Whether it depends on the body; False if the answer stays as it is."""
    said = {name.lower(): value for name, value in headers}
    if status < 400 or b"content-encoding" in said:
        return False
    kind = said.get(b"content-type", b"").decode("latin-1")
    return kind.startswith("application/json") or may_be_told(status, kind, accept)


def detail_in(headers: RawHeaders, body: bytes) -> str | None:
    """What it says: empty if nothing but its status, None if it is the engine's own answer and stays."""
    kinds = [value for name, value in headers if name.lower() == b"content-type"]
    if len(body) > _MOST_BYTES:
        return None
    kind = kinds[0] if kinds else b""
    if not kind.startswith(b"application/json"):
        return _line(body) if kind.startswith(b"text/plain") else ""
    try:
        return msgspec.json.decode(body, type=_Detail).detail
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _line(body: bytes) -> str:
    """A short line of text, such as Starlette makes of an HTTPException's detail."""
    text = body.decode("utf-8", "replace").strip()
    return text if len(text) <= _MOST_SIGNS and text.isprintable() else ""


def retold(headers: RawHeaders, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of the answer with a problem as its body; those that say more (Allow, Retry-After) stay."""
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_BODY]
    length = str(len(body)).encode()
    return [*kept, (b"content-type", PROBLEM_JSON.encode()), (b"content-length", length)]
