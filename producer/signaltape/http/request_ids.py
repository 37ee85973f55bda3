"""An id for every request: taken over from the caller if it is sane, else a new one."""

from __future__ import annotations

import re
import secrets

#: On requests and answers.
HEADER = "X-Request-Id"
#: No blank, no line break, no sign that a log, a shell or a page would read as its own.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def sane(text: str | None) -> str | None:
    """The caller's id, if it is one: at most 128 letters, digits and `._:-`, a letter or digit first."""
    return text if text is not None and _SANE.fullmatch(text) else None


def take_over(text: str | None) -> str:
    """The caller's id if it is one, else 128 random bits."""
    return sane(text) or secrets.token_hex(16)
