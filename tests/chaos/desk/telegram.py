"""The Bot API of this run: it fails now and then, a chat has blocked the bot for a while, a group moves."""

from __future__ import annotations

import random
import re
import time
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from aiohttp import web

from tests.support.botapi import BotServer, _error
from tests.support.botapi_updates import Updates, UpdatesServer

FAULTS = (
    "429",
    "500 before",
    "500 after",
    "timeout before",
    "timeout after",
    "closed before",
    "closed after",
    "slow",
    "nonsense",
)
UPDATE_FAULTS = ("500", "closed", "nonsense", "429")
#: So many of the calls meet one of the faults, and so many of the polls.
SHARE_OF_CALLS = 0.10
SHARE_OF_POLLS = 0.10
MAY_REPEAT = "may repeat"
_REF = re.compile(r"^ref: ([A-Za-z0-9_]+)", re.MULTILINE)
_JSON_REF = re.compile(r'"refId": ?"([A-Za-z0-9_]+)"')


class Stood(NamedTuple):
    """A message that came to stand in a chat. at: seconds since 1970; ref: of the alert that it is, or whose JSON."""

    at: float
    chat: str
    message_id: int
    text: str
    ref: str | None
    is_json: bool

    @property
    def marked(self) -> bool:
        """Whether it says that it may repeat what stands above."""
        return MAY_REPEAT in self.text.rsplit("\n\n", 1)[-1]


class Chats(BotServer):
    """What chats look like, and when each message came to stand there."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.stood: list[Stood] = []
        self.blocked: set[str] = set()
        self.met: Counter[str] = Counter()
        self.well = True
        self.retry_after_s = 0.2
        self._chance = chance
        self.chance_of_fault = self._fault

    def _fault(self) -> str:
        if self.well or self._chance.random() >= SHARE_OF_CALLS:
            return "ok"
        fault = self._chance.choice(FAULTS)
        self.met[fault] += 1
        return fault

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.blocked:
            chat = str((await request.json()).get("chat_id"))
            if chat in self.blocked:
                self.times.append((chat, time.monotonic()))
                self.met["403"] += 1
                return _error(403, "Forbidden: bot was blocked by the user")
        return await super().handle(request)

    def _do(self, method: str, body: dict[str, Any]) -> web.Response:
        before = len(self.messages)
        answer = super()._do(method, body)
        if method == "sendMessage" and len(self.messages) > before:
            self._note(max(self.messages), str(body["chat_id"]), body["text"])
        return answer

    def _note(self, message_id: int, chat: str, text: str) -> None:
        is_json = text.lstrip().startswith("{")
        found = (_JSON_REF if is_json else _REF).search(text)
        self.stood.append(Stood(time.time(), chat, message_id, text, found and found[1], is_json))


class Disorder:
    """What comes instead of the updates that wait: the same twice, or in another order; and faults of polls."""

    def __init__(self, server: UpdatesServer, chance: random.Random) -> None:
        self._server, self._chance = server, chance
        self.met: Counter[str] = Counter()
        server.disorder = self

    def __call__(self, updates: Updates) -> Updates:
        dice = self._chance.random()
        if len(updates) > 1 and dice < 0.25:
            self.met["out of order"] += 1
            return self._chance.sample(updates, len(updates))
        if updates and dice < 0.5:
            self.met["twice"] += 1
            return [*updates, *updates]
        return updates

    def harm_a_poll(self) -> None:
        """Let the next poll fail, sometimes."""
        if self._chance.random() < SHARE_OF_POLLS and not self._server.faults:
            fault = self._chance.choice(UPDATE_FAULTS)
            self._server.faults.append(fault)
            self.met[f"poll {fault}"] += 1


def by_message(stood: list[Stood], logical: dict[str, str]) -> dict[tuple[str, str, bool], list[Stood]]:
    """Those of alerts, by reference, chat (by its first id) and whether it is the JSON."""
    found: defaultdict[tuple[str, str, bool], list[Stood]] = defaultdict(list)
    for one in stood:
        if one.ref is not None:
            found[one.ref, logical.get(one.chat, one.chat), one.is_json].append(one)
    return found
