"""Commands on groups: XGROUP and XACK."""

from __future__ import annotations

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer
from tests.simulation.redis.data import Consumer, Group, Stream
from tests.simulation.redis.errors import CommandError, err, no_group_for_key, wrong_subcommand
from tests.simulation.redis.resp import OK, Reply

_NO_KEY = (
    "The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM "
    "option to create an empty stream automatically."
)


@command("xgroup|create", -5, writes=True, grows=True)
def create(call: Call, argv: list[bytes]) -> Reply:
    """XGROUP CREATE key group id|$ [MKSTREAM] [ENTRIESREAD count]"""
    makes_stream, read = _options(argv, creates=True)
    stream = call.stream(argv[2])
    if stream is None and not makes_stream:
        raise err(_NO_KEY)
    if len(argv) > 8:
        raise wrong_subcommand(argv)
    last_id = None if argv[4] == b"$" else ids.parse(argv[4])
    if stream is None:
        stream = Stream()
        call.put(argv[2], stream)
    if last_id is None:
        last_id = stream.last_id
    if argv[3] in stream.groups:
        raise CommandError("BUSYGROUP Consumer Group name already exists")
    stream.groups[argv[3]] = Group(last_id, read)
    return OK


@command("xgroup|setid", -5, writes=True)
def set_id(call: Call, argv: list[bytes]) -> Reply:
    """XGROUP SETID key group id|$ [ENTRIESREAD count]"""
    _, read = _options(argv, creates=False)
    stream, group = _there(call, argv)
    if len(argv) not in (5, 7):
        raise wrong_subcommand(argv)
    group.last_id = stream.last_id if argv[4] == b"$" else ids.parse_bound(argv[4])
    group.read = read
    return OK


@command("xgroup|destroy", 4, writes=True)
def destroy(call: Call, argv: list[bytes]) -> Reply:
    """XGROUP DESTROY key group"""
    stream = _stream(call, argv)
    if stream.groups.pop(argv[3], None) is None:
        return 0
    call.ready(argv[2])
    return 1


@command("xgroup|createconsumer", 5, writes=True, grows=True)
def create_consumer(call: Call, argv: list[bytes]) -> Reply:
    """XGROUP CREATECONSUMER key group consumer"""
    _, group = _there(call, argv)
    if argv[4] in group.consumers:
        return 0
    group.consumers[argv[4]] = Consumer(argv[4], call.now_ms)
    return 1


@command("xgroup|delconsumer", 5, writes=True)
def delete_consumer(call: Call, argv: list[bytes]) -> Reply:
    """XGROUP DELCONSUMER key group consumer"""
    _, group = _there(call, argv)
    consumer = group.consumers.get(argv[4])
    if consumer is None:
        return 0
    held = list(consumer.held.ids)
    for entry_id in held:
        group.release(entry_id)
    del group.consumers[argv[4]]
    return len(held)


@command("xack", -4, writes=True)
def xack(call: Call, argv: list[bytes]) -> Reply:
    """XACK key group id …"""
    group = call.group(argv[1], argv[2])
    if group is None:
        return 0
    return sum([group.release(entry_id) for entry_id in [ids.parse(word) for word in argv[3:]]])


def _stream(call: Call, argv: list[bytes]) -> Stream:
    stream = call.stream(argv[2])
    if stream is None:
        raise err(_NO_KEY)
    return stream


def _there(call: Call, argv: list[bytes]) -> tuple[Stream, Group]:
    stream = _stream(call, argv)
    group = stream.groups.get(argv[3])
    if group is None:
        raise no_group_for_key(argv[3], argv[2])
    return stream, group


def _options(argv: list[bytes], *, creates: bool) -> tuple[bool, int | None]:
    makes_stream, read = False, -1
    place = 5
    while place < len(argv):
        word = argv[place].upper()
        if creates and word == b"MKSTREAM":
            makes_stream = True
            place += 1
        elif word == b"ENTRIESREAD" and place + 1 < len(argv):
            read = integer(argv[place + 1])
            if read < -1:
                raise err("value for ENTRIESREAD must be positive or -1")
            place += 2
        else:
            raise wrong_subcommand(argv)
    return makes_stream, None if read == -1 else read
