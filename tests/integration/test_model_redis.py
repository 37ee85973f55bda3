"""The model of Redis answers as the real one does, word for word."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from random import Random, SystemRandom
from typing import Any

import hiredis
import pytest

from deploy.embedded.servers import Urls
from tests.simulation.redis.model import ModelRedis
from tests.simulation.redis.resp import decode
from tests.support.redis_commands import Commands, Words
from tests.support.waiting import eventually

_SCRIPTS = int(os.environ.get("MODEL_REDIS_SCRIPTS", "60"))
_COMMANDS = 200
#: Two clocks and a slow machine: so far apart may times be that should be the same.
_NEAR_MS = 5_000
_ANSWER_S = 10
#: Nothing else is kept in this database.
_DATABASE = "9"


class Near(int):
    """A time, or how long something is idle: about the same is the same."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and (self < 0) == (other < 0) and abs(self - other) < _NEAR_MS

    __hash__ = int.__hash__


class Wire:
    """A real server, spoken to in its own protocol."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_ANSWER_S)
        self._socket.connect(path)
        self._reader = hiredis.Reader()

    def answers(self, commands: list[Words]) -> list[Any]:
        """All answers, in order; the commands go in one piece."""
        pack: Any = hiredis.pack_command
        self._socket.sendall(b"".join([pack(tuple(words)) for words in commands]))
        return [self._answer() for _ in commands]

    def wait(self, words: Words) -> None:
        """Send a command that is answered later."""
        pack: Any = hiredis.pack_command
        self._socket.sendall(pack(tuple(words)))

    def answer_now(self) -> Any:
        """The answer to it, if there is one."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            self._reader.feed(self._socket.recv(1 << 20))
        self._socket.settimeout(_ANSWER_S)
        return None if (answer := self._reader.gets()) is False else answer

    def close(self) -> None:
        self._socket.close()

    def _answer(self) -> Any:
        while (answer := self._reader.gets()) is False:
            self._reader.feed(self._socket.recv(1 << 20))
        return answer


@pytest.fixture
def wires(servers: Urls) -> Iterator[list[Wire]]:
    """Four connections to the real server."""
    opened = [Wire(servers.redis.removeprefix("unix://")) for _ in range(4)]
    for wire in opened:
        wire.answers([["SELECT", _DATABASE], ["FLUSHDB"]])
    yield opened
    for wire in opened[1:]:
        wire.close()
    opened[0].answers([["FLUSHDB"]])
    opened[0].close()


def test_random_scripts_are_answered_alike(wires: list[Wire]) -> None:
    first = int(os.environ.get("MODEL_REDIS_SEED", SystemRandom().randrange(10**9)))
    for seed in range(first, first + _SCRIPTS):
        compare(wires[0], seed)


def compare(wire: Wire, seed: int) -> None:
    """Run one script on both, each from nothing."""
    now_ms = int(time.time() * 1000)
    script = [["FLUSHDB"], *Commands(Random(seed), now_ms).script(_COMMANDS)]
    real = wire.answers(script)
    model = Model()
    for number, (words, expected) in enumerate(zip(script, real, strict=True)):
        given = model.answer(words)
        if comparable(words, given) != comparable(words, expected):
            before = "\n".join(" ".join(command) for command in script[:number])
            pytest.fail(
                f"MODEL_REDIS_SEED={seed}, behind\n{before}\n\n{' '.join(words)}\nreal:  {expected!r}\nmodel: {given!r}"
            )


_ADD = ["XADD", "s", "1-1", "f", "v"]


@pytest.mark.parametrize(
    "events",
    [
        [_ADD],
        [_ADD, ["XADD", "s", "1-2", "f", "v"], ["XADD", "s", "1-3", "f", "v"]],
        [["XADD", "t", "1-1", "f", "v"], _ADD],
        [
            [
                "EVAL",
                "redis.call('XADD', KEYS[1], '1-1', 'f', 'v') redis.call('XDEL', KEYS[1], '1-1')",
                "1",
                "s",
            ],
            _ADD,
        ],
        [["XGROUP", "DESTROY", "s", "g"]],
        [["XGROUP", "DESTROY", "t", "g"]],
        [["XGROUP", "SETID", "s", "g", "0"]],
        [["XGROUP", "DELCONSUMER", "s", "g", "c1"], _ADD],
        [["DEL", "s"]],
        [["UNLINK", "t"]],
        [["FLUSHDB"]],
        [["SET", "s", "x"]],
    ],
    ids=lambda events: ", ".join(" ".join(words[:2]) for words in events),
)
def test_those_who_wait_are_answered_alike(wires: list[Wire], events: list[Words]) -> None:
    first, *others = wires
    model = ModelRedis(lambda: 0, "0" * 40)
    asks, *waiting = [model.connect() for _ in wires]
    made = [["XGROUP", "CREATE", key, "g", "0", "MKSTREAM"] for key in ("s", "t")]
    first.answers(made)
    for words in made:
        model.execute(asks, encoded(words))
    for number, keys in enumerate((["s"], ["t", "s"], ["s"])):
        words = [
            "XREADGROUP",
            "GROUP",
            "g",
            f"c{number}",
            "BLOCK",
            "0",
            "STREAMS",
            *keys,
            *(">" for _ in keys),
        ]
        others[number].wait(words)
        eventually(partial(is_waiting, first, number + 1))
        assert model.execute(waiting[number], encoded(words)) is None
    for words in events:
        # asked once more: what they are told is written before that
        real = [
            first.answers([words])[0],
            first.answers([["PING"]])[0],
            *(one.answer_now() for one in others),
        ]
        reply = decode(model.execute(asks, encoded(words)) or b"")
        told = {client: decode(answer) for client, answer in model.served()}
        assert [shown(one) for one in real] == [
            shown(one) for one in (reply, b"PONG", *(told.get(one) for one in waiting))
        ]


def is_waiting(wire: Wire, number: int) -> bool:
    """Whether so many clients wait."""
    return f"blocked_clients:{number}\r\n".encode() in wire.answers([["INFO", "clients"]])[0]


def encoded(words: Words) -> list[bytes]:
    return [word.encode() for word in words]


def shown(answer: Any) -> Any:
    return str(answer) if isinstance(answer, hiredis.ReplyError) else answer


class Model:
    """The model, spoken to as the real server is."""

    def __init__(self) -> None:
        self._passed_ms = 0
        self._server = ModelRedis(lambda: int(time.time() * 1000) + self._passed_ms, "0" * 40)
        self._client = self._server.connect()
        self.answer(["SELECT", _DATABASE])

    def answer(self, words: Words) -> Any:
        reply = self._server.execute(self._client, encoded(words))
        if reply is None:
            self._passed_ms += 1
            ((_, reply),) = self._server.served()
        return decode(reply)


def comparable(words: Words, answer: Any) -> Any:
    """An answer without what may differ: idle times are near, sizes and the inner structure of streams unknown."""
    if isinstance(answer, hiredis.ReplyError):
        return str(answer)
    match [word.upper() for word in words[:2]]:
        case ["XPENDING", _] if len(words) > 3:
            return [[*row[:2], Near(row[2]), row[3]] for row in answer]
        case ["XINFO", "CONSUMERS"]:
            return [[*row[:5], Near(row[5]), row[6], Near(row[7])] for row in answer]
        case ["XINFO", "STREAM"]:
            return [answer[:2], answer[6:16], _groups(answer[17]) if len(words) > 3 else answer[16:]]
        case ["MEMORY", _]:
            return answer is not None
        case ["EVAL", _] if isinstance(answer, list):
            return [comparable([], part) for part in answer]
    return answer


def _groups(groups: list[Any]) -> list[Any]:
    return [
        [
            group[:11],
            [[*row[:2], Near(row[2]), row[3]] for row in group[11]],
            [
                [name, Near(seen), Near(active), held, [[row[0], Near(row[1]), row[2]] for row in rows]]
                for _, name, _, seen, _, active, _, held, _, rows in group[13]
            ],
        ]
        for group in groups
    ]
