"""The server: it takes commands one at a time, and says what it answers, and to whom."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from tests.simulation.redis import (
    claims,
    connection,
    groups,
    hashes,
    keys,
    pending,
    stream_info,
    stream_reading,
    stream_writing,
)
from tests.simulation.redis.client import Client, Waiting
from tests.simulation.redis.command import TABLE, Call, Command
from tests.simulation.redis.data import Database, Fields, Stream
from tests.simulation.redis.errors import LOADING, OUT_OF_MEMORY, READ_ONLY, UNBLOCKED, CommandError
from tests.simulation.redis.ids import Id
from tests.simulation.redis.resp import NULL_ARRAY, Reply, encode, encode_error
from tests.simulation.redis.scripts import Scripts
from tests.simulation.redis.server_info import CONFIG
from tests.simulation.redis.stream_reading import Blocks

#: Where the commands are: importing them has put them into TABLE.
COMMAND_MODULES = (
    claims,
    connection,
    groups,
    hashes,
    keys,
    pending,
    stream_info,
    stream_reading,
    stream_writing,
)
_DATABASES = 16


class ModelRedis:
    """A server without sockets.

    clock_ms: its own wall clock, which may jump; run_id: who it says it is.
    """

    def __init__(self, clock_ms: Callable[[], int], run_id: str) -> None:
        self.run_id = run_id
        #: memory is full: commands that take more are refused
        self.out_of_memory = False
        #: it is a replica
        self.read_only = False
        #: it is reading its data from disk
        self.loading = False
        #: commands that the user may not call: `command`, or `command|subcommand`
        self.refused: set[str] = set()
        #: what AUTH takes, by user; empty: no password is set
        self.passwords: dict[bytes, bytes] = {}
        self.config = dict(CONFIG)
        self.databases = [Database() for _ in range(_DATABASES)]
        self.clients: dict[Client, None] = {}
        self.scripts = Scripts(self.call_of_script)
        self._clock_ms = clock_ms
        self._connected = 0
        #: those who wait, the longest first
        self._waiting: dict[Client, Waiting] = {}
        self._ready: deque[tuple[int, bytes]] = deque()

    def connect(self) -> Client:
        """A new connection."""
        self._connected += 1
        client = Client(self._connected)
        self.clients[client] = None
        return client

    def disconnect(self, client: Client) -> None:
        """A connection is gone; if it waited for data, it gets none."""
        self.clients.pop(client, None)
        self._waiting.pop(client, None)

    def execute(self, client: Client, argv: Sequence[bytes]) -> bytes | None:
        """The reply to a command; None if the client waits for data now."""
        words = list(argv)
        try:
            reply = self._run(client, words)
        except CommandError as error:
            return encode_error(error.text)
        if type(reply) is Blocks:
            self._waiting[client] = Waiting(words, reply.keys, reply.deadline_ms)
            return None
        return encode(reply)

    def served(self) -> list[tuple[Client, bytes]]:
        """Those who waited and have an answer now. To be asked after each command, and when time has passed."""
        answers: list[tuple[Client, bytes]] = []
        while self._ready:
            number, key = self._ready.popleft()
            waiting = [
                client
                for client, waits in self._waiting.items()
                if client.database == number and key in waits.keys
            ]
            answers += [(client, reply) for client in waiting if (reply := self._again(client)) is not None]
        if self._waiting:
            answers += self._given_up()
        return answers

    def next_deadline_ms(self) -> int | None:
        """When somebody's waiting is over, by this server's clock."""
        deadlines = [waits.deadline_ms for waits in self._waiting.values() if waits.deadline_ms is not None]
        return min(deadlines, default=None)

    @property
    def blocked(self) -> int:
        """How many clients wait for data."""
        return len(self._waiting)

    def save(self) -> object:
        """All data as it is now."""
        return [database.copy() for database in self.databases]

    def load(self, snapshot: object, run_id: str) -> None:
        """Start anew with the data of a snapshot: a restart, or another server in its place. All clients are gone."""
        assert isinstance(snapshot, list)
        self.databases = [database.copy() for database in snapshot]
        self.run_id = run_id
        self.clients.clear()
        self._waiting.clear()
        self._ready.clear()
        self.scripts = Scripts(self.call_of_script)

    def evict(self, key: bytes, database: int = 0) -> None:
        """Memory was short: a key is gone."""
        self._own_call(database).delete(key)

    def flush(self, database: int | None = None) -> None:
        """All data is gone, or that of one database."""
        for number in range(_DATABASES) if database is None else (database,):
            call = self._own_call(number)
            for key in list(call.database.values):
                call.delete(key)

    def delete_entry(self, key: bytes, entry_id: Id, database: int = 0) -> None:
        """Somebody deleted an entry."""
        stream = self._stream(key, database)
        if stream is not None:
            stream.delete(entry_id)

    def entries(self, key: bytes, database: int = 0) -> list[tuple[Id, Fields]]:
        """What a stream holds, in order."""
        stream = self._stream(key, database)
        return [] if stream is None else [(one, stream.entries.of[one]) for one in stream.entries.ids]

    def pending(self, key: bytes, group: bytes, database: int = 0) -> dict[Id, tuple[bytes, int, int]]:
        """What a group has pending: consumer, time of the last delivery, number of deliveries."""
        stream = self._stream(key, database)
        if stream is None or group not in stream.groups:
            return {}
        held = stream.groups[group].pending
        return {one: held.of[one] for one in held.ids}

    def held_by(self, key: bytes, group: bytes, database: int = 0) -> dict[bytes, int]:
        """How many entries each consumer of a group has pending."""
        stream = self._stream(key, database)
        if stream is None or group not in stream.groups:
            return {}
        return {one.name: len(one.held) for one in stream.groups[group].sorted_consumers()}

    def groups(self, key: bytes, database: int = 0) -> dict[bytes, Id]:
        """The groups of a stream, and the last entry that each was given."""
        stream = self._stream(key, database)
        return (
            {} if stream is None else {name: group.last_id for name, group in sorted(stream.groups.items())}
        )

    def streams(self, database: int = 0) -> list[bytes]:
        """The keys of all streams."""
        values = self.databases[database].values
        return [key for key in sorted(values) if isinstance(values[key], Stream)]

    def ready(self, database: int, key: bytes) -> None:
        """Something happened to a key that somebody may wait for."""
        if self._waiting:
            self._ready.append((database, key))

    def call_of_script(self, call: Call, argv: list[bytes]) -> Reply:
        """A command that a script calls: waiting is not for scripts. Raises CommandError."""
        if not argv:
            raise CommandError("ERR Please specify at least one argument for this call")
        command = _known_to_scripts(argv)
        if self.refused and self._is_refused(command):
            raise CommandError(f"ERR ACL failure in script: {_no_permission(call.client, command)}")
        if command.writes:
            if self.read_only:
                raise CommandError(READ_ONLY)
            # what has begun to write may go on
            if command.grows and self.out_of_memory and not self.scripts.wrote:
                raise CommandError(OUT_OF_MEMORY)
            self.scripts.wrote = True
        reply = command.function(call, argv)
        return NULL_ARRAY if type(reply) is Blocks else reply

    def _run(self, client: Client, argv: list[bytes]) -> Reply:
        command = TABLE.find(argv)
        if self.refused and self._is_refused(command):
            raise CommandError(f"NOPERM {_no_permission(client, command)}")
        if self.out_of_memory and command.grows:
            raise CommandError(OUT_OF_MEMORY)
        if self.read_only and command.writes:
            raise CommandError(READ_ONLY)
        if self.loading and not command.while_loading:
            raise CommandError(LOADING)
        return command.function(Call(self, client, self._clock_ms()), argv)

    def _is_refused(self, command: Command) -> bool:
        return command.name in self.refused or command.name.partition("|")[0] in self.refused

    def _again(self, client: Client) -> bytes | None:
        """Call once more what a client waits with; who still finds nothing waits behind all others."""
        waits = self._waiting.pop(client)
        reply = self.execute(client, waits.argv)
        if reply is None:
            self._waiting[client] = waits
        return reply

    def _given_up(self) -> list[tuple[Client, bytes]]:
        """Those whose time is over, and everybody once this is a replica."""
        now_ms = self._clock_ms()
        over = [
            client
            for client, waits in self._waiting.items()
            if self.read_only or (waits.deadline_ms is not None and waits.deadline_ms <= now_ms)
        ]
        for client in over:
            del self._waiting[client]
        reply = encode_error(UNBLOCKED) if self.read_only else encode(NULL_ARRAY)
        return [(client, reply) for client in over]

    def _own_call(self, database: int) -> Call:
        nobody = Client(0)
        nobody.database = database
        return Call(self, nobody, self._clock_ms())

    def _stream(self, key: bytes, database: int) -> Stream | None:
        try:
            return self._own_call(database).stream(key)
        except CommandError:  # something else stands there
            return None


def _known_to_scripts(argv: list[bytes]) -> Command:
    try:
        command = TABLE.find(argv)
    except CommandError as error:
        if error.text.startswith("ERR wrong number"):
            raise CommandError("ERR Wrong number of args calling command from script") from None
        if error.text.startswith("ERR unknown command"):
            raise CommandError("ERR Unknown command called from script") from None
        raise
    if command.no_script:
        raise CommandError("ERR This Valkey command is not allowed from script")
    return command


def _no_permission(client: Client, command: Command) -> str:
    return f"User {client.user} has no permissions to run the '{command.name}' command"
