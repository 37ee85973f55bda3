"""A model of Telegram: chats as they really stand, and the network to them.

A call that was handed to the network arrives, or not, whatever becomes of the process that made it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from tests.simulation.kernel.faults import Faults
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.kernel.scheduler import Scheduler
from tests.simulation.kernel.story import Story
from tests.simulation.kernel.threads import Waiters
from tests.simulation.telegram_answers import DAYS, ODD, PAGES, REFUSALS, YES, bytes_of, error, ok

#: Every stub ends so.
STUB_END = "\n…"
METHODS = ("sendMessage", "editMessageText", "sendPhoto", "sendDocument")
#: A call is on its way for at most so long.
LONGEST_WAY_S = 90.0
#: What may come of an edit that was carried out before, and whose answer was lost: first it is to wait, then it ends.
_SECOND_TIME = ("too many requests", "blocked")
_LAST_TIME = ("refused", "locked", "deleted", "moved", "moved", "moved")


class Message:
    """One message in a chat. by: the call that sent it."""

    def __init__(self, call: Call, text: str, file: str | None = None) -> None:
        self.call = call
        self.text = text
        self.file = file
        self.deleted = False
        self.locked = False
        #: whether it was edited again in vain, though it had its text
        self.was_in_doubt = False
        #: all texts that ever stood in it
        self.texts = [text]


class Chat:
    """One chat id."""

    def __init__(self, family: int, chat_id: str) -> None:
        self.family = family
        self.id = chat_id
        self.messages: dict[int, Message] = {}
        self.moved_to: str | None = None
        #: the group that it was, until a call to that one was told so
        self.was: str | None = None
        #: what it answers to everything: status and text
        self.refuses: tuple[int, str] | None = None


class Call(NamedTuple):
    """One call of the Bot API."""

    number: int
    method: str
    chat_id: str
    message_id: int
    text: str
    file: str | None
    #: the process that makes it, the message of the outbox it is for, and how often that was begun anew
    process: Process
    outbox_id: int
    epoch: int
    #: the number of the message that it replies to, and whether it edits what stands
    reply_to: int = 0
    is_edit: bool = False


Answer = tuple[int, bytes]


class Telegram:
    """All chats, and the network to them."""

    def __init__(self, scheduler: Scheduler, faults: Faults, story: Story, process: Process) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.story = story
        self.chats: dict[str, Chat] = {}
        #: the methods whose calls and answers are troubled by chance
        self.troubled: Collection[str] = METHODS
        #: whether anything gets through
        self.away = False
        self.wrong_token = False
        #: told of each call when it begins; gives it the rest of what a call knows
        self.on_begin: Callable[[Process], tuple[int, int, bool]] = lambda _process: (0, 0, False)
        self.on_begun: Callable[[Call], None] = lambda _call: None
        #: told of each answer that reaches who called
        self.on_answered: Callable[[Call, Answer], None] = lambda _call, _answer: None
        self.on_change: Callable[[Call], None] = lambda _call: None
        #: whether another sender holds the message that a process is sending
        self.is_overtaken: Callable[[Process], bool] = lambda _process: False
        #: calls on their way
        self.under_way: dict[int, Call] = {}
        #: whether it ever asked to be left alone for as long as it may
        self.asked_for_a_day = False
        self._count = 0
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._waiters = Waiters(scheduler)
        process.start(self._run)

    def add(self, family: int, chat_id: str) -> Chat:
        """A new chat."""
        chat = self.chats[chat_id] = Chat(family, chat_id)
        return chat

    def move(self, chat: Chat) -> str | None:
        """A group becomes a supergroup, if it can: its new id."""
        if chat.moved_to is not None or not chat.id.startswith("-") or chat.id.startswith("-100"):
            return None
        chat.moved_to = f"-100{chat.id[1:]:0>10}"
        self.add(chat.family, chat.moved_to).was = chat.id
        self.story.tell("Telegram", f"{chat.id} moves to {chat.moved_to}")
        return chat.moved_to

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it after a while."""
        self._count += 1
        heapq.heappush(self._due, (self.scheduler.now_ns + int(seconds * NS), self._count, act))
        self._waiters.wake()

    def send(self, call: Call, answered: Callable[[Answer | None], None]) -> None:
        """A call is handed to the network. answered: told what comes back; None: the line breaks."""
        faults = self.faults
        chance = faults.chance("network")
        out_s, back_s = (0.02 + 0.1 * chance.random() for _ in range(2))
        if self.away or self._strikes("request lost", call):
            if chance.random() < 0.5:
                self.after(out_s, lambda: answered(None))
            return
        if self._strikes("slow request", call):
            out_s = chance.choice((1.0, 8.0, 31.0, LONGEST_WAY_S - 1.0))
        if call.is_edit and self._strikes("late edit", call):  # mostly behind a newer one
            out_s = chance.choice((31.0, LONGEST_WAY_S - 1.0))
        if self._strikes("slow answer", call):
            back_s = chance.choice((1.0, 8.0, 31.0))
        self.under_way[call.number] = call

        def arrive() -> None:
            del self.under_way[call.number]
            status, answer = self._take(call)
            self.story.tell("Telegram", f"call {call.number}: {status} {bytes_of(answer)[:120]!r}")
            self.on_change(call)
            if self.away or self._strikes("answer lost", call):
                if chance.random() < 0.5:
                    self.after(back_s, lambda: answered(None))
                return
            body = bytes_of(answer)
            self.after(back_s, lambda: answered((status, body)))

        self.after(out_s, arrive)

    def new_number(self) -> int:
        """A number for a call."""
        self._count += 1
        return self._count

    def _run(self) -> None:
        while True:
            now = self.scheduler.now_ns
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            self._waiters.wait("a call", (self._due[0][0] - now) / NS if self._due else None)

    def _take(self, call: Call) -> tuple[int, Any]:
        """A call arrives."""
        faults = self.faults
        if self.wrong_token:
            return error(401, "Unauthorized")
        chat = self.chats.get(call.chat_id)
        if chat is None:
            return error(400, "Bad Request: chat not found")
        if self._strikes("moves amid a call", call) or (
            self.is_overtaken(call.process) and self._strikes("moves amid a late call", call)
        ):
            self.move(chat)
        trouble = self._at_second_time(chat, call)
        if chat.moved_to is not None:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            self.chats[chat.moved_to].was = None
            return self._error_at_odds(400, text, "migrate_to_chat_id", int(chat.moved_to))
        if (elsewhere := self._falsely_moved_to(chat, call)) is not None:
            return error(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=int(elsewhere))
        if chat.refuses is not None or trouble == "blocked":
            return error(*(chat.refuses or (403, "Forbidden: bot was blocked by the user")))
        if trouble == "too many requests" or self._strikes("too many requests", call):
            wait_s = faults.chance("too many requests").choice((0, 1, 3) if trouble else (0, 1, 3, 30, 120))
            return self._error_at_odds(429, f"Too Many Requests: retry after {wait_s}", "retry_after", wait_s)
        if trouble == "refused" or self._strikes("refused", call):
            return error(400, faults.chance("refused").choice(REFUSALS))
        if self._strikes("server fault before", call):
            return 502, "<html>Bad Gateway</html>"
        answer = self._do(chat, call)
        if self._strikes("server fault after", call):
            return error(500, "Internal Server Error")
        if self._strikes("nonsense", call):
            chance = faults.chance("nonsense")
            yes = answer[0] == 200 and chance.random() < 0.3
            return (200, {"ok": True, "result": chance.choice(YES)}) if yes else chance.choice(PAGES)
        return answer

    def _falsely_moved_to(self, chat: Chat, call: Call) -> str | None:
        """Back to the group that it was, or to any of its ids."""
        if chat.was is not None and self._strikes("said to have moved back", call):
            return chat.was
        if not self._strikes("said to have moved", call):
            return None
        ids = [one.id for one in self.chats.values() if one.family == chat.family]
        return self.faults.chance("said to have moved").choice(ids)

    def _at_second_time(self, chat: Chat, call: Call) -> str:
        """What is in the way of an edit that changes nothing: its text stands, and who sends it does not know."""
        message = chat.messages.get(call.message_id)
        if message is None or message.deleted or message.text != call.text:
            return ""
        if not self._strikes("trouble at the second time", call):
            return ""
        chance = self.faults.chance("trouble at the second time")
        waits = not message.was_in_doubt and chance.random() < 0.6
        message.was_in_doubt = True
        trouble = chance.choice(_SECOND_TIME if waits else _LAST_TIME)
        message.locked = message.locked or trouble == "locked"
        message.deleted = trouble == "deleted"
        if trouble == "moved":
            self.move(chat)
        return trouble

    def _do(self, chat: Chat, call: Call) -> tuple[int, Any]:
        if call.method == "editMessageText":
            message = chat.messages.get(call.message_id)
            if (
                message is not None
                and message.text.endswith(STUB_END)
                and self._strikes("stub deleted", call)
            ):
                message.deleted = True
            if message is None or message.deleted:
                return error(400, "Bad Request: message to edit not found")
            if message.locked or self._strikes("locked", call):
                message.locked = True
                return error(400, "Bad Request: message can't be edited")
            if message.text == call.text:
                return error(400, "Bad Request: message is not modified: specified new message content")
            message.text = call.text
            message.texts.append(call.text)
            return ok(call.message_id)
        if call.file == "":
            return error(400, "Bad Request: file must be non-empty")
        number = len(chat.messages) + 1
        chat.messages[number] = Message(call, call.text, call.file)
        return ok(number)

    def _strikes(self, kind: str, call: Call) -> bool:
        return call.method in self.troubled and self.faults.strikes(kind, str(call.number))

    def _error_at_odds(self, code: int, text: str, name: str, value: int) -> tuple[int, Any]:
        """An error with a parameter that a proxy, or a later version, may have changed."""
        if not self.faults.strikes("odd answer", name):
            return error(code, text, **{name: value})
        chance = self.faults.chance("odd answer")
        if chance.random() < 0.2:
            answer: dict[str, Any] = {"ok": False, "error_code": code}
            return code, chance.choice(
                (answer, {**answer, "parameters": name}, {**answer, "description": [text]})
            )
        odd = chance.choice((str(value), *ODD[name]))
        self.asked_for_a_day = self.asked_for_a_day or (name == "retry_after" and odd in DAYS)
        return error(code, text, **{name: odd})
