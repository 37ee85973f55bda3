"""Random commands for a Redis, right ones and wrong ones, which do not depend on its clock."""

from __future__ import annotations

from random import Random

from consumer.lua import DELETE_IDLE_CONSUMER, HOLD_AGAIN, STRIKE_OUT, TRIM_BELOW_EVERY_GROUP
from tests.support.odd_redis_commands import ODD_COMMANDS

#: Entry ids lie far in the future: then `*` follows the last id, whatever the clock says.
_BASE_MS = 9_000_000_000_000
#: What nothing reaches by itself while a test runs, and what only claims with IDLE or TIME reach.
_LONG_MS, _LONGER_MS = 50_000, 100_000
STREAMS = ("s{0}", "s{1}", "s{2}")
_OTHERS = ("hash", "string", "none")
_GROUPS = ("worker", "archive", "absent")
_CONSUMERS = ("c1", "c2", "c3")
_ODD_IDS = (
    "-",
    "+",
    "$",
    ">",
    "0",
    "5",
    "",
    "x",
    "1-x",
    "-1",
    "1-",
    "1-*",
    "0-0",
    "0-*",
    "(",
    "(5-1",
    f"{2**64}-0",
)
_ODD_NUMBERS = ("-1", "0", "x", "01", "1.5", "", str(2**63))

Words = list[str]


class Commands:
    """Makes commands out of a source of chance."""

    def __init__(self, random: Random, now_ms: int) -> None:
        self._random = random
        self._now_ms = now_ms
        self._top = 1
        self._makers = (
            *((self._add,) * 10),
            *((self._read,) * 8),
            *((self._read_held,) * 3),
            *((self._acknowledge,) * 5),
            *((self._claim,) * 5),
            *((self._claim_old,) * 4),
            *((self._pending,) * 4),
            *((self._ask,) * 5),
            *((self._range,) * 3),
            *((self._trim,) * 2),
            *((self._delete,) * 3),
            *((self._group,) * 4),
            *((self._script,) * 6),
            *((self._hash,) * 3),
            *((self._key,) * 2),
            self._settle,
            self._odd,
        )

    def script(self, count: int) -> list[Words]:
        """Streams with groups, then so many commands."""
        made = [["HSET", "hash", "f", "1"], ["SET", "string", "x"]]
        for key in STREAMS:
            made.append(self._first(key))
            made += [["XGROUP", "CREATE", key, group, "0"] for group in _GROUPS[:2]]
        while len(made) < count:
            made += self._spoilt(self._random.choice(self._makers)())
        return made

    def _spoilt(self, commands: list[Words]) -> list[Words]:
        """Now and then a word is wrong, missing, or too much."""
        if self._random.random() > 0.04:
            return commands
        words = commands[0]
        # an entry of today's clock would differ; elsewhere there is no other
        if "*" in words or words[0] in ("DEL", "UNLINK", "SELECT"):
            return commands
        if len(words) == 1:
            return commands
        place = self._random.randrange(1, len(words))
        match self._random.randrange(4):
            case 0:
                del words[place]
            case 1:
                words.append(self._random.choice(("COUNT", "1", "JUSTID", "x", "~")))
            case 2:
                words[place] = self._random.choice((*_ODD_IDS, *_ODD_NUMBERS, "COUNT", "STREAMS"))
            case _:
                words[place] = words[place].lower()
        return [] if "*" in words else [words]

    def _some(self, options: tuple[str, ...]) -> str:
        return self._random.choice(options)

    def _stream(self) -> str:
        return self._some(STREAMS) if self._random.random() < 0.97 else self._some(_OTHERS)

    def _a_group(self) -> str:
        return self._some(_GROUPS[:2]) if self._random.random() < 0.97 else "absent"

    def _number(self, most: int) -> str:
        return (
            str(self._random.randrange(1, most + 1))
            if self._random.random() < 0.97
            else self._some(_ODD_NUMBERS)
        )

    def _an_id(self) -> str:
        if self._random.random() < 0.03:
            return self._some(_ODD_IDS)
        ms = _BASE_MS + self._random.randrange(max(0, self._top - 15), self._top + 1)
        return f"{ms}-{self._random.randrange(3)}" if self._random.random() < 0.9 else str(ms)

    def _ids(self, most: int = 6) -> Words:
        return [self._an_id() for _ in range(self._random.randrange(1, most + 1))]

    def _first(self, key: str) -> Words:
        return ["XADD", key, f"{_BASE_MS}-1", "f", "first"]

    def _fields(self) -> Words:
        return [f"v{self._random.randrange(9)}" for _ in range(2 * self._random.randrange(1, 4))]

    def _add(self) -> list[Words]:
        self._top += self._random.randrange(2)
        ms = _BASE_MS + self._top
        entry_id = self._random.choices(
            ["*", f"{ms}-*", f"{ms}-{self._random.randrange(3)}", str(ms), self._an_id()], [4, 4, 4, 1, 1]
        )[0]
        if entry_id == "*":  # only where there is a last id, and where a script leaves one
            return [["XADD", self._some(STREAMS), "*", *self._fields()]]
        options = self._random.choices(
            [
                [],
                ["NOMKSTREAM"],
                ["MAXLEN", "30"],
                ["MAXLEN", "=", self._number(40)],
                ["MINID", self._an_id()],
            ],
            [30, 2, 1, 1, 1],
        )[0]
        return [["XADD", self._stream(), *options, entry_id, *self._fields()]]

    def _read(self) -> list[Words]:
        keys = [self._stream() for _ in range(self._random.randrange(1, 4))]
        words = ["XREADGROUP", "GROUP", self._a_group(), self._some(_CONSUMERS)]
        words += ["COUNT", self._number(5)] if self._random.random() < 0.8 else []
        words += ["BLOCK", "1"] if self._random.random() < 0.03 else []
        words += ["NOACK"] if self._random.random() < 0.05 else []
        return [[*words, "STREAMS", *keys, *(">" for _ in keys)]]

    def _read_held(self) -> list[Words]:
        keys = [self._stream() for _ in range(self._random.randrange(1, 3))]
        after = [self._random.choice(("0", "0-0", ">", self._an_id())) for _ in keys]
        group = ["XREADGROUP", "GROUP", self._a_group(), self._some(_CONSUMERS)]
        return [[*group, "COUNT", self._number(5), "STREAMS", *keys, *after]]

    def _acknowledge(self) -> list[Words]:
        return [["XACK", self._stream(), self._a_group(), *self._ids(20)]]

    def _claim(self) -> list[Words]:
        words = ["XCLAIM", self._stream(), self._a_group(), self._some(_CONSUMERS)]
        words += [self._random.choice(("0", str(_LONG_MS))), *self._ids()]
        for option, chance in (
            (["IDLE", str(_LONGER_MS)], 0.4),
            (["TIME", str(self._now_ms - 2 * _LONGER_MS)], 0.2),
            (["RETRYCOUNT", self._number(9)], 0.2),
            (["FORCE"], 0.2),
            (["JUSTID"], 0.4),
            (["LASTID", self._an_id()], 0.03),
        ):
            words += option if self._random.random() < chance else []
        return [words]

    def _claim_old(self) -> list[Words]:
        words = ["XAUTOCLAIM", self._stream(), self._a_group(), self._some(_CONSUMERS)]
        words += [self._random.choice(("0", str(_LONG_MS))), self._random.choice(("0-0", "-", self._an_id()))]
        words += ["COUNT", self._number(5)] if self._random.random() < 0.7 else []
        return [words + (["JUSTID"] if self._random.random() < 0.3 else [])]

    def _pending(self) -> list[Words]:
        words = ["XPENDING", self._stream(), self._a_group()]
        if self._random.random() < 0.3:
            return [words]
        words += ["IDLE", str(_LONG_MS)] if self._random.random() < 0.4 else []
        words += [self._random.choice(("-", self._an_id(), f"({self._an_id()}")), "+", self._number(9)]
        return [words + ([self._some((*_CONSUMERS, "c9"))] if self._random.random() < 0.5 else [])]

    def _ask(self) -> list[Words]:
        key = self._stream()
        choices: list[Words] = [
            ["XINFO", "STREAM", key],
            ["XINFO", "STREAM", key, "FULL"],
            ["XINFO", "STREAM", key, "FULL", "COUNT", self._number(3)],
            ["XINFO", "GROUPS", key],
            ["XINFO", "CONSUMERS", key, self._a_group()],
            ["XLEN", key],
        ]
        return [self._random.choice(choices)]

    def _range(self) -> list[Words]:
        bounds = [
            self._random.choice(("-", self._an_id(), f"({self._an_id()}")),
            self._some(("+", self._an_id())),
        ]
        name = self._some(("XRANGE", "XREVRANGE"))
        words = [name, self._stream(), *(bounds if name == "XRANGE" else bounds[::-1])]
        return [words + (["COUNT", self._number(5)] if self._random.random() < 0.6 else [])]

    def _trim(self) -> list[Words]:
        sign = ["="] if self._random.random() < 0.5 else []
        if self._random.random() < 0.4:
            return [["XTRIM", self._stream(), "MAXLEN", *sign, self._number(30)]]
        return [["XTRIM", self._stream(), "MINID", *sign, self._an_id()]]

    def _delete(self) -> list[Words]:
        return [["XDEL", self._stream(), *self._ids(3)]]

    def _group(self) -> list[Words]:
        key, group, consumer = self._stream(), self._a_group(), self._some(_CONSUMERS)
        start = self._random.choice(("0", "$", self._an_id()))
        read = ["ENTRIESREAD", self._number(20)] if self._random.random() < 0.2 else []
        create = ["XGROUP", "CREATE", key, group, start, *read]
        choices: list[list[Words]] = [
            [create],
            [["XGROUP", "SETID", key, group, start, *read]],
            [["XGROUP", "CREATECONSUMER", key, group, consumer]],
            [["XGROUP", "DELCONSUMER", key, group, consumer]],
            [["XGROUP", "DESTROY", key, group], *([create] if self._random.random() < 0.7 else [])],
        ]
        return self._random.choice(choices)

    def _script(self) -> list[Words]:
        key, group, consumer = self._stream(), self._a_group(), self._some(_CONSUMERS)
        idle = self._some(("0", str(_LONG_MS)))
        counted = self._some(("vanished", "vanished", "vanished", "string"))
        give_back = ["RETRYCOUNT", "0", "IDLE", str(_LONGER_MS)] if self._random.random() < 0.5 else []
        choices: list[Words] = [
            ["EVAL", HOLD_AGAIN, "2", key, counted, group, consumer, idle, "JUSTID", *give_back],
            ["EVAL", STRIKE_OUT, "2", key, counted, group, *self._ids()],
            ["EVAL", DELETE_IDLE_CONSUMER, "1", key, group, consumer, idle],
            [
                "EVAL",
                TRIM_BELOW_EVERY_GROUP,
                "1",
                key,
                f"{_BASE_MS + self._top - self._random.randrange(10)}-0",
            ],
        ]
        return [self._random.choice(choices)]

    def _settle(self) -> list[Words]:
        """Every group is done with a stream, or nearly so: then it can be trimmed."""
        key, keep = self._some(STREAMS), self._some(_CONSUMERS)
        done: list[Words] = []
        for group in _GROUPS[:2]:
            done.append(["XGROUP", "SETID", key, group, self._random.choice(("$", self._an_id()))])
            done += [["XGROUP", "DELCONSUMER", key, group, one] for one in _CONSUMERS if one != keep]
        return [*done, ["EVAL", TRIM_BELOW_EVERY_GROUP, "1", key, f"{_BASE_MS + self._top}-0"]]

    def _hash(self) -> list[Words]:
        key, name = self._some(("hash", "vanished", "vanished", "none", "string")), self._some(("f", "g"))
        choices: list[Words] = [
            ["HINCRBY", key, name, self._number(9)],
            ["HSET", key, name, self._number(9), "other", "y"],
            ["HGET", key, name],
            ["HGETALL", key],
            ["HLEN", key],
            ["HDEL", key, name, "other"],
        ]
        return [self._random.choice(choices)]

    def _key(self) -> list[Words]:
        key = self._some((*STREAMS, *_OTHERS))
        choices: list[Words] = [
            ["TYPE", key],
            ["EXISTS", key, "hash"],
            ["GET", key],
            ["MEMORY", "USAGE", key],
        ]
        if key in STREAMS and self._random.random() < 0.1:
            return [
                [self._some(("DEL", "UNLINK")), key],
                self._first(key),
                ["XGROUP", "CREATE", key, "worker", "0"],
            ]
        return [self._random.choice(choices)]

    def _odd(self) -> list[Words]:
        return [list(self._random.choice(ODD_COMMANDS))]
