"""Commands about the connection itself, as redis-py sends them when it connects."""

from __future__ import annotations

from tests.simulation.redis.command import Call, command, integer
from tests.simulation.redis.errors import CommandError, err, shown, wrong_arity
from tests.simulation.redis.resp import OK, Reply, Status
from tests.simulation.redis.server_info import VERSION

_NO_PASSWORD = (
    "AUTH <password> called without any password configured for the default user. "
    "Are you sure your configuration is correct?"
)


@command("ping", -1)
def ping(call: Call, argv: list[bytes]) -> Reply:
    """PING [message]"""
    if len(argv) > 2:
        raise wrong_arity("ping")
    return argv[1] if len(argv) > 1 else Status(b"PONG")


@command("hello", -1, while_loading=True, no_script=True)
def hello(call: Call, argv: list[bytes]) -> Reply:
    """HELLO [2]: other versions of the protocol are refused, as by an old server."""
    if len(argv) > 1 and argv[1] != b"2":
        raise CommandError("NOPROTO unsupported protocol version")
    return [
        b"server",
        b"valkey",
        b"version",
        VERSION,
        b"proto",
        2,
        b"id",
        call.client.number,
        b"mode",
        b"standalone",
        b"role",
        b"replica" if call.server.read_only else b"master",
        b"modules",
        [],
    ]


@command("auth", -2, while_loading=True, no_script=True)
def auth(call: Call, argv: list[bytes]) -> Reply:
    """AUTH [user] password: any password does for the users that there are."""
    if len(argv) == 2 and not call.server.passwords:
        raise err(_NO_PASSWORD)
    user, password = (b"default", argv[1]) if len(argv) == 2 else (argv[1], argv[2])
    if call.server.passwords.get(user) != password:
        raise CommandError("WRONGPASS invalid username-password pair or user is disabled.")
    call.client.user = shown(user)
    return OK


@command("select", 2, while_loading=True)
def select(call: Call, argv: list[bytes]) -> Reply:
    """SELECT number"""
    number = integer(argv[1])
    if not 0 <= number < len(call.server.databases):
        raise err("DB index is out of range")
    call.client.database = number
    return OK


@command("client|setname", 3, while_loading=True, no_script=True)
def set_name(call: Call, argv: list[bytes]) -> Reply:
    """CLIENT SETNAME name"""
    call.client.name = argv[2]
    return OK


@command("client|getname", 2, while_loading=True, no_script=True)
def get_name(call: Call, argv: list[bytes]) -> Reply:
    """CLIENT GETNAME"""
    return call.client.name or None


@command("client|setinfo", 4, while_loading=True, no_script=True)
def set_info(call: Call, argv: list[bytes]) -> Reply:
    """CLIENT SETINFO what value"""
    return OK


@command("client|id", 2, while_loading=True, no_script=True)
def client_id(call: Call, argv: list[bytes]) -> Reply:
    """CLIENT ID"""
    return call.client.number
