"""How commands are found, and what they are given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.simulation.redis.client import Client
from tests.simulation.redis.data import Database, Group, Hash, Stream, Value
from tests.simulation.redis.errors import WRONG_TYPE, CommandError, err, shown, wrong_arity
from tests.simulation.redis.resp import Reply

_INTEGER = re.compile(rb"0|-?[1-9][0-9]*")
_NOT_AN_INTEGER = "value is not an integer or out of range"


class ScriptRunner(Protocol):
    """The scripts of a server, as far as commands call them."""

    def load(self, code: bytes) -> bytes: ...

    def run(self, call: Call, name: bytes, keys: list[bytes], arguments: list[bytes]) -> Reply: ...


class Server(Protocol):
    """What commands need of the server that they are carried out by."""

    run_id: str
    config: dict[bytes, bytes]
    databases: list[Database]
    clients: dict[Client, None]
    passwords: dict[bytes, bytes]
    out_of_memory: bool
    read_only: bool
    loading: bool

    @property
    def blocked(self) -> int: ...

    @property
    def scripts(self) -> ScriptRunner: ...

    def ready(self, database: int, key: bytes) -> None: ...

    def flush(self, database: int | None) -> None: ...


class Call:
    """One command at work: where, when and for whom."""

    __slots__ = ("client", "database", "now_ms", "server")

    def __init__(self, server: Server, client: Client, now_ms: int) -> None:
        self.server = server
        self.client = client
        self.database: Database = server.databases[client.database]
        self.now_ms = now_ms

    def value(self, key: bytes) -> Value | None:
        """What a key holds, unless it has expired."""
        database = self.database
        if database.expires_ms and database.expires_ms.get(key, self.now_ms + 1) <= self.now_ms:
            self.delete(key)
        return database.values.get(key)

    def stream(self, key: bytes) -> Stream | None:
        """The stream at a key; an error if that is anything else."""
        value = self.value(key)
        if value is None or type(value) is Stream:
            return value
        raise CommandError(WRONG_TYPE)

    def group(self, key: bytes, name: bytes) -> Group | None:
        """A group of the stream at a key."""
        stream = self.stream(key)
        return None if stream is None else stream.groups.get(name)

    def hash(self, key: bytes) -> Hash | None:
        """The hash at a key; an error if that is anything else."""
        value = self.value(key)
        if value is None or isinstance(value, dict):
            return value
        raise CommandError(WRONG_TYPE)

    def put(self, key: bytes, value: Value) -> None:
        """Let a key hold a value."""
        self.database.values[key] = value
        self.server.ready(self.client.database, key)

    def delete(self, key: bytes) -> bool:
        """Delete a key; whether it was there."""
        if self.database.values.pop(key, None) is None:
            return False
        self.database.expires_ms.pop(key, None)
        self.server.ready(self.client.database, key)
        return True

    def ready(self, key: bytes) -> None:
        """Those who wait for this key should look again."""
        self.server.ready(self.client.database, key)


Function = Callable[[Call, list[bytes]], Reply]


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a subcommand: what it is called, how many words it takes, what it may not be used for."""

    name: str
    function: Function
    #: the number of words, its name included; negative: at least so many
    arity: int
    writes: bool = False
    #: refused when memory is full
    grows: bool = False
    #: answered while data is loaded
    while_loading: bool = False
    #: not to be called by a script
    no_script: bool = False


@dataclass(slots=True)
class Table:
    """All commands; those with subcommands stand under both words."""

    commands: dict[bytes, Command] = field(default_factory=dict)
    containers: dict[bytes, dict[bytes, Command]] = field(default_factory=dict)

    def command(
        self,
        name: str,
        arity: int,
        *,
        writes: bool = False,
        grows: bool = False,
        while_loading: bool = False,
        no_script: bool = False,
    ) -> Callable[[Function], Function]:
        """Take a function as a command; `name` is `command` or `command|subcommand`."""

        def add(function: Function) -> Function:
            made = Command(name, function, arity, writes, grows, while_loading, no_script)
            first, _, second = name.upper().encode().partition(b"|")
            if second:
                self.containers.setdefault(first, {})[second] = made
            else:
                self.commands[first] = made
            return function

        return add

    def find(self, argv: list[bytes]) -> Command:
        """The command that these words mean. Raises CommandError if there is none, or with so many words."""
        name = argv[0].upper()
        command = self.commands.get(name)
        if command is None:
            command = self._subcommand(name, argv)
        if len(argv) != command.arity if command.arity > 0 else len(argv) < -command.arity:
            raise wrong_arity(command.name)
        return command

    def _subcommand(self, name: bytes, argv: list[bytes]) -> Command:
        container = self.containers.get(name)
        if container is None:
            words = "".join(f"'{shown(word)}' " for word in argv[1:])
            raise err(f"unknown command '{shown(argv[0])}', with args beginning with: {words}")
        if len(argv) < 2:
            raise wrong_arity(shown(name).lower())
        command = container.get(argv[1].upper())
        if command is None:
            raise err(f"unknown subcommand '{shown(argv[1])}'. Try {shown(name)} HELP.")
        return command


TABLE = Table()
command = TABLE.command


def integer(word: bytes, complaint: str = _NOT_AN_INTEGER) -> int:
    """A number of 64 bits, written as the server takes it."""
    if _INTEGER.fullmatch(word):
        number = int(word)
        if -(2**63) <= number < 2**63:
            return number
    raise err(complaint)


def syntax_error() -> CommandError:
    """Words that a command does not know."""
    return err("syntax error")
