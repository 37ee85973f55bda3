"""What the bot asks of Telegram besides messages: who it is, what was said to it, its menu, its webhook.

aiogram makes the calls. Updates are taken as they were sent: one that it could not read would hold up all behind it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramConflictError, TelegramRetryAfter
from aiogram.methods.base import TelegramMethod
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault
from aiogram.utils.token import TokenValidationError

from outbox.judging import one_line
from signaltape.errors import SettingsError
from signaltape.settings import Secret

T = TypeVar("T")

#: What this bot wants to hear of. Reactions come only where it is an admin.
ALLOWED = ("message", "callback_query", "message_reaction", "my_chat_member")
#: An answer comes at once if there is something, else after this time.
POLL_S = 25
_MOST_AT_ONCE = 100
#: Of a webhook: what comes on several at once comes in any order, and an older word would be obeyed last.
_CONNECTIONS = 1
#: An answer to a long poll, and to any other call.
_POLL_WITHIN_S, _WITHIN_S = POLL_S + 10, 10


class Away(NamedTuple):
    """Why a call failed. conflict: another process polls, or a webhook is set."""

    why: str
    conflict: bool
    wait_s: float


class TelegramAway(Exception):
    """A call was not carried out, or has no answer. away: why."""

    def __init__(self, away: Away) -> None:
        super().__init__(away.why)
        self.away = away


class _Updates(TelegramMethod[list[Any]]):
    """getUpdates, whose updates stay what they are."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = _MOST_AT_ONCE
    timeout: int = POLL_S
    allowed_updates: tuple[str, ...] = ALLOWED


class Telegram:
    """Calls of one bot. Use as an async context manager. Each raises TelegramAway.

    token: never shown in an error; base: TELEGRAM_API_BASE.
    """

    def __init__(self, token: Secret, base: str) -> None:
        safe = base.replace("{", "{{").replace("}", "}}")
        session = AiohttpSession(api=TelegramAPIServer.from_base(safe), timeout=_WITHIN_S)
        try:
            self._bot = Bot(token.reveal(), session=session)
        except TokenValidationError:
            raise SettingsError(
                "TELEGRAM_BOT_TOKEN is not the token of a bot, such as 12345:AAH..."
            ) from None

    async def __aenter__(self) -> Telegram:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._bot.session.close()

    async def name(self) -> str:
        """The bot's name, without @."""
        return (await _called(self._bot.get_me())).username or ""

    async def updates(self, offset: int | None) -> Sequence[Any]:
        """What waits from this number on; what is below is confirmed by asking. Waits up to POLL_S."""
        return await _called(self._bot(_Updates(offset=offset), request_timeout=_POLL_WITHIN_S)) or []

    async def answer_press(self, query_id: str) -> None:
        """Let the phone stop waiting for a button."""
        await _called(self._bot.answer_callback_query(query_id))

    async def set_menu(self, menu: Sequence[tuple[str, str]], user_id: int | None) -> None:
        """Which commands somebody sees, alone with the bot; None: everybody else, everywhere."""
        scope = BotCommandScopeDefault() if user_id is None else BotCommandScopeChat(chat_id=user_id)
        listed = [BotCommand(command=name, description=what) for name, what in menu]
        await _called(self._bot.set_my_commands(listed, scope=scope))

    async def set_webhook(self, url: str, secret: Secret | None) -> None:
        """Where updates are sent to, one after another; an empty address: nowhere, they are asked for."""
        token = secret.reveal() if secret and url else None
        await _called(
            self._bot.set_webhook(
                url, secret_token=token, allowed_updates=list(ALLOWED), max_connections=_CONNECTIONS
            )
        )


async def _called(call: Awaitable[T]) -> T:
    try:
        return await call
    except TelegramRetryAfter as error:
        raise TelegramAway(
            Away("too many requests", conflict=False, wait_s=float(error.retry_after))
        ) from None
    except TelegramConflictError as error:
        raise TelegramAway(Away(one_line(error), conflict=True, wait_s=0.0)) from None
    except Exception as error:  # noqa: BLE001 - whatever a server or a proxy answers, the desk goes on
        said = one_line(f"{type(error).__name__}: {error}")
        raise TelegramAway(Away(said, conflict=False, wait_s=0.0)) from None
