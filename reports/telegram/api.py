"""The Bot API over plain aiohttp: four calls, and a clear verdict on each."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import aiohttp
import msgspec

from reports.telegram.outbox import File
from reports.telegram.text import Text
from signaltape.secrecy import scrub
from signaltape.settings import Secret

#: No answer within this time: the call may or may not have been carried out.
TIMEOUT_S = 30.0
_TOO_MANY = 429
_SERVER_FAULT = 500
#: 404: a token that is not even of the right form
_WRONG_TOKEN = (401, 404)
_FORBIDDEN = 403
_MOST_SHOWN = 300


class Verdict(Enum):
    """What is known of a call."""

    DONE = "done"
    #: it certainly was not carried out, and may be tried again
    NOT_SENT = "not sent"
    #: it may or may not have been carried out
    UNCERTAIN = "uncertain"
    #: it was refused, and would be again
    REFUSED = "refused"


class Reply(NamedTuple):
    """The verdict on one call, with what came back."""

    verdict: Verdict
    message_id: int | None = None
    retry_after_s: float = 0.0
    error: str = ""
    #: the chat's new id, if the group was upgraded to a supergroup
    moved_to: str | None = None


class BotApi:
    """Calls of one bot. Use as an async context manager.

    token: never shown in an error; base: TELEGRAM_API_BASE; timeout_s: how long one call may take.
    """

    def __init__(self, token: Secret, base: str, timeout_s: float = TIMEOUT_S) -> None:
        self._token = token
        self._base = base
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> BotApi:
        self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send_message(self, chat_id: str, text: Text) -> Reply:
        """Send a new message. On success the reply holds its id."""
        return await self._call("sendMessage", {"chat_id": chat_id, **_body(text)})

    async def edit_message(self, chat_id: str, message_id: int, text: Text) -> Reply:
        """Set the text of a message. Doing it twice is harmless: the second time changes nothing."""
        reply = await self._call(
            "editMessageText", {"chat_id": chat_id, "message_id": message_id, **_body(text)}
        )
        if reply.verdict is Verdict.REFUSED and "message is not modified" in reply.error:
            return Reply(Verdict.DONE, message_id)
        return reply

    async def send_file(self, chat_id: str, file: File, reply_to: int) -> Reply:
        """Send a picture or a document as a reply to a message. On success the reply holds its id."""
        form = aiohttp.FormData()
        form.add_field("chat_id", chat_id)
        parameters = {"message_id": reply_to, "allow_sending_without_reply": True}
        form.add_field("reply_parameters", msgspec.json.encode(parameters).decode())
        form.add_field(file.kind, file.content, filename=file.name, content_type="application/octet-stream")
        return await self._call("sendPhoto" if file.kind == "photo" else "sendDocument", form)

    async def _call(self, method: str, body: dict[str, Any] | aiohttp.FormData) -> Reply:
        assert self._session is not None, "use `async with BotApi(...)`"
        url = f"{self._base}/bot{self._token.reveal()}/{method}"
        sent: dict[str, Any] = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body}
        try:
            async with self._session.post(url, **sent) as response:
                return _judge(response.status, await response.read())
        except aiohttp.ClientConnectorError as error:
            return Reply(Verdict.NOT_SENT, error=_safe(f"cannot connect: {error}"))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return Reply(Verdict.UNCERTAIN, error=_safe(f"no answer: {error or type(error).__name__}"))


def _safe(message: str) -> str:
    """What of an error may be shown and stored. Scrubbed before it is cut: half a token is one too."""
    return scrub(message)[:_MOST_SHOWN]


def _body(text: Text) -> dict[str, Any]:
    return {"text": text.text, "entities": msgspec.to_builtins(text.entities)}


def _judge(status: int, body: bytes) -> Reply:
    """The verdict on an answer: Telegram says `ok` or why not; a proxy in between may say anything."""
    try:
        answer = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Reply(Verdict.UNCERTAIN, error=f"HTTP {status} with an answer that is not the Bot API's")
    if answer.get("ok") is True:
        result = answer.get("result")
        message_id = result.get("message_id") if isinstance(result, dict) else None
        return Reply(Verdict.DONE, message_id)
    error = _safe(f"HTTP {status}: {answer.get('description', 'no description')}")
    return _judge_refusal(status, error, answer.get("parameters") or {})


def _judge_refusal(status: int, error: str, parameters: dict[str, Any]) -> Reply:
    if (new_id := parameters.get("migrate_to_chat_id")) is not None:
        return Reply(Verdict.REFUSED, error=error, moved_to=str(new_id))
    if status == _TOO_MANY:
        return Reply(Verdict.NOT_SENT, retry_after_s=float(parameters.get("retry_after", 1)), error=error)
    if status >= _SERVER_FAULT:
        return Reply(Verdict.UNCERTAIN, error=error)
    if (hint := _mended_by_hand(status, error)) is not None:
        return Reply(Verdict.NOT_SENT, error=f"{error} ({hint})")
    return Reply(Verdict.REFUSED, error=error)


def _mended_by_hand(status: int, error: str) -> str | None:
    """What to do about a refusal that lies in the settings or the chat, not in the message: it is kept meanwhile."""
    if status in _WRONG_TOKEN:
        return "check TELEGRAM_BOT_TOKEN"
    if status == _FORBIDDEN:
        return "the bot is blocked or not in the chat: unblock it, or add it again"
    return "check TELEGRAM_CHAT_ID" if "chat not found" in error else None
