"""The Bot API over plain aiohttp: the calls that a sender makes, with a clear verdict on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import aiohttp
import msgspec

from outbox.judging import CallOutcome, Reply, judge, one_line
from outbox.keyboard import Button, markup
from outbox.outbox import File
from outbox.text import Text
from signaltape.settings import Secret

#: No answer within this time: the call may or may not have been carried out.
TIMEOUT_S = 30.0
#: No connection to an address within this time: nothing was sent.
CONNECT_WITHIN_S = 10.0
#: … and none within so many of them to any address, or none found: likewise.
_CONNECTS = 2.0


class Manner(NamedTuple):
    """How a message is sent. reply_to: the number of a message in the chat, which may have been deleted meanwhile."""

    keyboard: Sequence[Sequence[Button]] = ()
    silent: bool = False
    thread_id: int | None = None
    reply_to: int | None = None

    def of_part(self, place: int, last: bool) -> Manner:
        """Of a part of a long text: the first one replies, the last one has the buttons."""
        return self._replace(
            keyboard=self.keyboard if last else (), reply_to=self.reply_to if place == 0 else None
        )

    def fields(self) -> dict[str, Any]:
        """As the Bot API wants it."""
        said = {
            "disable_notification": self.silent or None,
            "message_thread_id": self.thread_id,
            "reply_parameters": _reply_to(self.reply_to),
        }
        return {name: value for name, value in said.items() if value is not None} | markup(self.keyboard)


#: With a sound, without buttons, and not as a reply.
PLAINLY = Manner()


class BotApi:
    """Calls of one bot. Use as an async context manager.

    token: never shown in an error; base: TELEGRAM_API_BASE; timeout_s: how long one call may take.
    """

    def __init__(self, token: Secret, base: str, timeout_s: float = TIMEOUT_S) -> None:
        self._token = token
        self._base = base
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_s, connect=_CONNECTS * CONNECT_WITHIN_S, sock_connect=CONNECT_WITHIN_S
        )
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> BotApi:
        # no connection is kept: a call on one that was forgotten meanwhile would be one without an answer
        connector = aiohttp.TCPConnector(force_close=True)
        self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send_message(self, chat_id: str, text: Text, manner: Manner = PLAINLY) -> Reply:
        """Send a new message. On success the reply holds its id."""
        return await self._call(
            "sendMessage", chat_id, {"chat_id": chat_id, **_body(text), **manner.fields()}
        )

    async def edit_message(
        self, chat_id: str, message_id: int, text: Text, keyboard: Sequence[Sequence[Button]] = ()
    ) -> Reply:
        """Set text and buttons of a message. Doing it twice is harmless: the second time changes nothing."""
        body = {"chat_id": chat_id, "message_id": message_id, **_body(text), **markup(keyboard)}
        reply = await self._call("editMessageText", chat_id, body)
        if reply.verdict is CallOutcome.REFUSED and "message is not modified" in reply.error:
            return Reply(CallOutcome.DONE, message_id)
        return reply

    async def send_file(
        self, chat_id: str, file: File, reply_to: int | None, thread_id: int | None = None
    ) -> Reply:
        """Send a picture or a document, as a reply to a message if one is named. On success the reply holds its id."""
        form = aiohttp.FormData()
        form.add_field("chat_id", chat_id)
        if reply_to is not None:
            form.add_field("reply_parameters", msgspec.json.encode(_reply_to(reply_to)).decode())
        if thread_id is not None:
            form.add_field("message_thread_id", str(thread_id))
        form.add_field(file.kind, file.content, filename=file.name, content_type="application/octet-stream")
        return await self._call("sendPhoto" if file.kind == "photo" else "sendDocument", chat_id, form)

    async def show_typing(self, chat_id: str) -> Reply:
        """Say for some seconds that the bot is typing: nothing stays, but a group that has moved says so.

        Telegram says that only where something is written: to getChat the old group answers as if nothing had been.
        """
        return await self._call("sendChatAction", chat_id, {"chat_id": chat_id, "action": "typing"})

    async def _call(self, method: str, chat_id: str, body: dict[str, Any] | aiohttp.FormData) -> Reply:
        assert self._session is not None, "use `async with BotApi(...)`"
        url = f"{self._base}/bot{self._token.reveal()}/{method}"
        sent: dict[str, Any] = {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body}
        try:
            # a redirect is not followed: it could carry the call out a second time
            async with self._session.post(url, allow_redirects=False, **sent) as response:
                return judge(response.status, await response.read(), chat_id)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return Reply(CallOutcome.NOT_SENT, error=one_line(f"cannot connect: {error}"))
        except Exception as error:  # noqa: BLE001 - whatever it was, the call may have been carried out
            return Reply(
                CallOutcome.UNCERTAIN, error=one_line(f"no answer: {str(error) or type(error).__name__}")
            )


def _body(text: Text) -> dict[str, Any]:
    return {"text": text.text, "entities": msgspec.to_builtins(text.entities)}


def _reply_to(message_id: int | None) -> dict[str, Any] | None:
    return None if message_id is None else {"message_id": message_id, "allow_sending_without_reply": True}
