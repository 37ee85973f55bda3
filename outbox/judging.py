"""What an answer of the Bot API says of a call: total, for a proxy in between may answer anything. Pure."""

from __future__ import annotations

import math
import re
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from signaltape.secrecy import scrub

#: As long a wait as an answer may ask for.
LONGEST_WAIT_S = 86_400.0
_USUAL_WAIT_S = 1.0
_FIRST_REFUSAL = 400
_TOO_MANY = 429
_SERVER_FAULT = 500
#: 404: a token that is not even of the right form
_WRONG_TOKEN = (401, 404)
_FORBIDDEN = 403
#: How Telegram says that nothing may be written in a chat; of pictures and documents it speaks otherwise.
_NO_RIGHTS = (
    "rights to send text messages",
    "no rights to send a message",
    "need administrator rights in the channel chat",
    "CHAT_WRITE_FORBIDDEN",
)
#: How Telegram says that the buttons below a message are the trouble, as a link to an address that it does not take.
_BUTTONS = re.compile(r"\bbutton|reply_?markup|inline keyboard", re.IGNORECASE)
#: How Telegram says that nothing may be written in a topic of a group: it was deleted, or closed.
_TOPIC = re.compile(r"message thread not found|\bTOPIC_(?:CLOSED|DELETED)\b")
_MOST_SHOWN = 300
_MOST_ID = 2**63
#: Ids of groups lie above -10^12, those of supergroups and channels below (https://core.telegram.org/api/bots/ids).
_GROUP = re.compile(r"-[1-9][0-9]{0,11}")
_SUPERGROUP = re.compile(r"-[1-9][0-9]{12,17}")


class CallOutcome(Enum):
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

    verdict: CallOutcome
    message_id: int | None = None
    retry_after_s: float = 0.0
    error: str = ""
    #: the chat's new id, if the group was upgraded to a supergroup
    moved_to: str | None = None

    @property
    def refuses_buttons(self) -> bool:
        """Whether it was refused for the buttons below it: without them it may be taken."""
        return self.verdict is CallOutcome.REFUSED and _BUTTONS.search(self.error) is not None

    @property
    def refuses_topic(self) -> bool:
        """Whether it was refused for the topic that it went to: without one it may be taken."""
        return self.verdict is CallOutcome.REFUSED and _TOPIC.search(self.error) is not None


def judge(status: int, body: bytes, chat_id: str) -> Reply:
    """The verdict on an answer. Only `ok: true` is a yes, and only `ok: false` with an error's status is a no.

    chat_id: of the chat that was asked; only a group is believed to have moved, and only to a supergroup.
    """
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = None
    ok = answer.get("ok") if isinstance(answer, dict) else None
    if ok is True:
        return Reply(CallOutcome.DONE, _message_id(answer.get("result")))
    if ok is not False or status < _FIRST_REFUSAL:
        return Reply(CallOutcome.UNCERTAIN, error=f"HTTP {status} with an answer that is not the Bot API's")
    error = f"HTTP {status}: {one_line(answer.get('description', 'no description'))}"
    parameters = answer.get("parameters")
    return _judge_refusal(status, error, parameters if isinstance(parameters, dict) else {}, chat_id)


def one_line(said: object) -> str:
    """What somebody else said, as one short line that a log and Postgres can hold, without our secrets."""
    text = scrub(said if isinstance(said, str) else str(said))  # before it is cut: half a token is one too
    return "".join(sign if sign.isprintable() else " " for sign in text[:_MOST_SHOWN]).strip() or "nothing"


def _judge_refusal(status: int, error: str, parameters: dict[str, Any], chat_id: str) -> Reply:
    new_id = parameters.get("migrate_to_chat_id")
    if new_id is not None and status < _SERVER_FAULT:
        if (moved_to := _supergroup(new_id)) is not None and _GROUP.fullmatch(chat_id):
            return Reply(CallOutcome.REFUSED, error=error, moved_to=moved_to)
        return Reply(CallOutcome.NOT_SENT, error=f"{error} (set TELEGRAM_CHAT_ID to the supergroup's id)")
    if status == _TOO_MANY:
        return Reply(CallOutcome.NOT_SENT, retry_after_s=_wait_s(parameters.get("retry_after")), error=error)
    if status >= _SERVER_FAULT:
        return Reply(CallOutcome.UNCERTAIN, error=error)
    if (hint := _mended_by_hand(status, error)) is not None:
        return Reply(CallOutcome.NOT_SENT, error=f"{error} ({hint})")
    return Reply(CallOutcome.REFUSED, error=error)


def _message_id(result: object) -> int | None:
    found = result.get("message_id") if isinstance(result, dict) else None
    return found if type(found) is int and 0 < found < _MOST_ID else None


def _supergroup(value: object) -> str | None:
    text = str(value) if type(value) in (int, str) else ""
    return text if _SUPERGROUP.fullmatch(text) else None


def _wait_s(value: object) -> float:
    """The seconds to wait; the usual ones where they are missing or make no sense."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return _USUAL_WAIT_S
    try:
        wait_s = float(value)
    except OverflowError:
        return LONGEST_WAIT_S
    except ValueError:
        return _USUAL_WAIT_S
    return min(wait_s, LONGEST_WAIT_S) if math.isfinite(wait_s) and wait_s >= 0 else _USUAL_WAIT_S


def _mended_by_hand(status: int, error: str) -> str | None:
    """What to do about a refusal that lies in the settings or the chat, not in the message: it is kept meanwhile."""
    if status in _WRONG_TOKEN:
        return "check TELEGRAM_BOT_TOKEN"
    if status == _FORBIDDEN:
        return "the bot is blocked or not in the chat: unblock it, or add it again"
    if any(words in error for words in _NO_RIGHTS):
        return "let the bot write in the chat"
    return "check TELEGRAM_CHAT_ID" if "chat not found" in error else None
