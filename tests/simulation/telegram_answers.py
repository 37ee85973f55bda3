"""What Telegram, a proxy, or a later version may answer. Pure."""

from __future__ import annotations

import json
from typing import Any

#: Waits that are as good as for ever: they are cut to a day.
DAYS = (10**15, 10**400, 1e300)
#: What may stand where a number of seconds, or the id of a chat, is due.
ODD: dict[str, tuple[Any, ...]] = {
    "retry_after": (*DAYS, True, -5, 0.5, "soon", [3], float("nan")),
    "migrate_to_chat_id": (True, 0, -1.5, "@group", [], 10**30, "-0100123", ""),
}
REFUSALS = (
    "Bad Request: not enough rights to send text messages to the chat",
    "Bad Request: message text is empty",
    "Bad Request: wrong file identifier/HTTP URL specified",
)
#: What a proxy, or a later version, may answer in the place of Telegram, whatever became of the call.
PAGES: tuple[tuple[int, Any], ...] = (
    (200, "<html>Welcome to our hotel</html>"),
    (502, "<html>Bad Gateway</html>"),
    (302, ""),
    (200, {"ok": False, "error_code": 400, "description": "Bad Request: not now"}),
    (400, [{"ok": False}]),
    (400, {"ok": "false"}),
    (200, "[" * 100_000),
    (403, b"\xff\xfe"),
)
#: How it may say yes without saying which message it is.
YES: tuple[Any, ...] = (True, None, {}, {"message_id": 0}, {"message_id": "7"}, {"message_id": 2**63})


def bytes_of(answer: Any) -> bytes:
    """The body of an answer."""
    if isinstance(answer, bytes):
        return answer
    return (answer if isinstance(answer, str) else json.dumps(answer)).encode()


def ok(message_id: int) -> tuple[int, Any]:
    return 200, {"ok": True, "result": {"message_id": message_id}}


def error(code: int, text: str, **parameters: Any) -> tuple[int, Any]:
    return code, {"ok": False, "error_code": code, "description": text, "parameters": parameters}
