"""Delivery under faults: many reports, a server that fails, two senders that are killed again and again."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from outbox.outbox import File, Outbox
from outbox.policies import MAX_LOST_STUBS
from outbox.text import Text
from signaltape import Secret
from sink.db import Connection, connect
from tests.chaos.pacing import too_fast
from tests.chaos.sender import LIMITS
from tests.support.botapi import BotServer, bot_server
from tests.support.forked import ROOT, Forked, begin
from tests.support.said import is_stub

FAULTS = (
    "429",
    "500 before",
    "500 after",
    "timeout before",
    "timeout after",
    "closed before",
    "slow",
    "nonsense",
)
#: So many of the calls meet the fault.
_SHARE_OF_CALLS = 0.15
#: One chat gets so many messages; every other chat is a group.
_PER_CHAT = 4
_KILL_EVERY_S = 0.7
#: What a busy machine may add to the time between a sender's turn and the server's clock.
_JITTER_S = 0.25
_SETTLE_S = 120.0
#: About what a message takes, so that some of the hurried ones make it and some do not.
_S_PER_MESSAGE = 0.08


class Delivered(NamedTuple):
    """What was counted after one fault. `wrong`: everything that is not as it should be."""

    fault: str
    messages: int
    faults: int
    kills: int
    sent: int
    uncertain: int
    expired: int
    doubled_stubs: int
    wrong: list[str]


def run_delivery(fault: str, messages: int, database: Secret, seed: int = 20220117) -> Delivered:
    """Deliver `messages` reports, a tenth of them with files and another with little time, through one fault.

    database: migrated, with an empty outbox.
    """
    return asyncio.run(_run(fault, messages, database, random.Random(f"{seed}:{fault}")))


async def _run(fault: str, messages: int, database: Secret, chance: random.Random) -> Delivered:
    faults = 0

    def chance_of_fault() -> str:
        nonlocal faults
        hit = chance.random() < _SHARE_OF_CALLS
        faults += hit
        return fault if hit else "ok"

    with connect(database) as connection:
        async with bot_server() as server:
            server.retry_after_s = 0.2
            server.chance_of_fault = chance_of_fault
            _enqueue(connection, messages, chance)
            kills = await _send(connection, database, server, chance, seconds_of_kills=messages / 25)
            uncertain = _settled(connection, "uncertain")
            wrong = [*_stubs(connection, server), *too_fast(server.times, LIMITS, _JITTER_S)]
            server.chance_of_fault = lambda: "ok"
            looked_at: set[int] = set()
            while True:
                for number in uncertain:  # a person looked at the chat, and the report is not there
                    Outbox(connection).resend(number, datetime.now(UTC) + timedelta(minutes=5))
                await _send(connection, database, server, chance, seconds_of_kills=0)
                looked_at.update(uncertain)
                # such as one whose time was over while its text was in doubt
                uncertain = [one for one in _settled(connection, "uncertain") if one not in looked_at]
                if not uncertain:
                    break
            wrong += [
                *_counted(connection, server, messages),
                *_files(connection, server),
                *_late(connection, server),
            ]
            return Delivered(
                fault,
                messages,
                faults,
                kills,
                len(_settled(connection, "sent")),
                len(looked_at),
                len(_settled(connection, "expired")),
                sum(is_stub(text) for text in server.messages.values()),
                wrong,
            )


def _text(number: int) -> str:
    return f"report {number}"


def _chat(number: int) -> str:
    chat = number // _PER_CHAT + 1
    return str(-chat if chat % 2 else chat)


def _enqueue(connection: Connection, messages: int, chance: random.Random) -> None:
    outbox = Outbox(connection)
    now = datetime.now(UTC)
    for number in range(messages):
        with_files = number % 10 == 3
        files = [File("photo", f"{number}.png", b"p" * 100), File("document", f"{number}.pdf", b"d" * 100)]
        # those with little time have chats of their own, so that every call to them can be judged
        hurried = number % 10 == 7
        chat = str(10_000 + number) if hurried else _chat(number)
        not_after = now + timedelta(seconds=chance.uniform(0, messages * _S_PER_MESSAGE) if hurried else 600)
        outbox.enqueue(str(number), chat, Text(_text(number)), not_after, files if with_files else ())


def _waits(connection: Connection) -> bool:
    """Whether a message is in no last state."""
    return connection.execute("SELECT FROM outbox WHERE state IN ('queued', 'sending')").rowcount > 0


async def _send(
    connection: Connection,
    database: Secret,
    server: BotServer,
    chance: random.Random,
    seconds_of_kills: float,
) -> int:
    """Two senders until nothing waits any more; for a while, one of them is killed now and then."""
    senders = [_start(database, server) for _ in range(2)]
    loop = asyncio.get_running_loop()
    began, kills = loop.time(), 0
    try:
        while _waits(connection):
            assert loop.time() - began < _SETTLE_S + seconds_of_kills, "the outbox does not empty"
            await asyncio.sleep(_KILL_EVERY_S * chance.random())  # the moment of the kill is left to chance
            if loop.time() - began < seconds_of_kills:
                place = chance.randrange(2)
                await _kill(senders[place])
                senders[place] = _start(database, server)
                kills += 1
            assert all(sender.poll() is None for sender in senders), "a sender ended by itself"
    finally:
        for sender in senders:
            await _kill(sender)
    return kills


def _start(database: Secret, server: BotServer) -> subprocess.Popen[str] | Forked:
    arguments = ("-m", "tests.chaos.sender", database.reveal(), server.base)
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'producer'}:{ROOT}"}
    return begin(arguments, environment, subprocess.DEVNULL, subprocess.DEVNULL)


async def _kill(sender: subprocess.Popen[str] | Forked) -> None:
    sender.kill()
    await asyncio.to_thread(sender.wait)


def _settled(connection: Connection, state: str) -> list[int]:
    rows = connection.execute("SELECT id FROM outbox WHERE state = %s", (state,)).fetchall()
    return [row[0] for row in rows]


def _stubs(connection: Connection, server: BotServer) -> list[str]:
    """At most one stub more than needed for each message, two where nobody answered."""
    rows = connection.execute("SELECT chat_id, state, lost_stubs FROM outbox").fetchall()
    known: Counter[str] = Counter()
    wrong = []
    for chat, state, lost in rows:
        known[chat] += lost
        if lost > (MAX_LOST_STUBS if state in ("uncertain", "expired") else 1):
            wrong.append(f"a {state} message in chat {chat} has {lost} stubs without an answer")
    stubs = Counter(server.chat_of[one] for one, text in server.messages.items() if is_stub(text))
    # those that expired between their stub and their text, or while it was in doubt whether that got there
    expired = Counter(
        chat
        for chat, state, lost in rows
        if state == "expired" or (state == "uncertain" and lost < MAX_LOST_STUBS)
    )
    wrong += [
        f"{count} stubs in chat {chat}, {known[chat]} are accounted for"
        for chat, count in stubs.items()
        if count > known[chat] + expired[chat]
    ]
    return wrong


def _counted(connection: Connection, server: BotServer, messages: int) -> list[str]:
    """Every report once in its chat; those that expired not more than once."""
    texts = Counter(server.messages.values())
    wrong = []
    for key, state in connection.execute("SELECT message_key, state FROM outbox").fetchall():
        count = texts[_text(int(key))]
        if state not in ("sent", "expired"):
            wrong.append(f"report {key} is {state}")
        elif count > 1 or (state == "sent" and count != 1):
            wrong.append(f"report {key} ({state}) stands {count} times in its chat")
    row = connection.execute("SELECT count(*) FROM outbox").fetchone()
    return wrong if row == (messages,) else [*wrong, f"the outbox holds {row} messages"]


def _files(connection: Connection, server: BotServer) -> list[str]:
    """A file stands in the chat once if it is `sent`, at most once whatever it is."""
    found = Counter(name for _, name, _ in server.files.values())
    rows = connection.execute("SELECT name, state FROM outbox_files").fetchall()
    return [
        f"file {name} ({state}) stands {found[name]} times in its chat"
        for name, state in rows
        if found[name] > 1 or (state == "sent" and found[name] != 1)
    ]


def _late(connection: Connection, server: BotServer) -> list[str]:
    """No call to a chat after the end of its only message's time."""
    rows = connection.execute(
        "SELECT chat_id, extract(epoch FROM not_after - clock_timestamp())::float8 FROM outbox"
        " WHERE message_key::int %% 10 = 7 AND state = 'expired'",
        (),
    ).fetchall()
    now = asyncio.get_running_loop().time()
    ends = {chat: now + left_s for chat, left_s in rows}
    return [
        f"chat {chat} was called {at - ends[chat]:.2f} s after its message had expired"
        for chat, at in server.times
        if chat in ends and at > ends[chat] + _JITTER_S
    ]
