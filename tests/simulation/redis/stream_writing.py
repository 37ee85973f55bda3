"""Commands that add entries to a stream and take them out: XADD, XTRIM, XDEL."""

from __future__ import annotations

from typing import NamedTuple

from tests.simulation.redis import ids
from tests.simulation.redis.command import Call, command, integer, syntax_error
from tests.simulation.redis.data import Stream
from tests.simulation.redis.errors import CommandError, err, wrong_arity
from tests.simulation.redis.ids import HIGHEST, LOWEST, MOST, Id
from tests.simulation.redis.resp import Reply

#: Trimming with `~` drops whole nodes; a node holds so many entries, or fewer where they are large.
_NODE_ENTRIES = 100
_APPROXIMATE_LIMIT = 100 * _NODE_ENTRIES


class Trim(NamedTuple):
    """How a stream is to be trimmed: to a length, or below an id."""

    length: int | None = None
    id: Id | None = None
    approximate: bool = False
    limit: int | None = None

    def count(self, stream: Stream) -> int:
        """How many entries go."""
        if self.length is not None:
            count = max(0, len(stream.entries) - self.length)
        else:
            assert self.id is not None
            count = stream.entries.below(self.id)
        if not self.approximate:
            return count
        limit = _APPROXIMATE_LIMIT if self.limit is None else self.limit
        count = min(count, limit) if limit else count
        return count - count % _NODE_ENTRIES


class Options(NamedTuple):
    """What stands before the id of XADD, or behind the key of XTRIM."""

    trim: Trim | None
    makes_stream: bool
    #: where the options end
    end: int


@command("xadd", -5, writes=True, grows=True)
def xadd(call: Call, argv: list[bytes]) -> Reply:
    """XADD key [NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value …"""
    trim, makes_stream, place = (None, True, 2) if argv[2] == b"*" else _options(argv, adds=True)
    wanted = None if argv[place] == b"*" else _wanted(argv[place])
    fields = argv[place + 1 :]
    if len(fields) < 2 or len(fields) % 2:
        raise wrong_arity("xadd")
    if wanted == LOWEST:
        raise err("The ID specified in XADD must be greater than 0-0")
    stream = call.stream(argv[1])
    if stream is None:
        if not makes_stream:
            return None
        stream = Stream()
        call.database.values[argv[1]] = stream
    entry_id = _next_id(stream, wanted, call.now_ms)
    stream.append(entry_id, fields)
    if trim is not None:
        _trim(stream, trim)
    call.ready(argv[1])
    return ids.show(entry_id)


@command("xtrim", -4, writes=True)
def xtrim(call: Call, argv: list[bytes]) -> Reply:
    """XTRIM key MAXLEN|MINID [=|~] threshold [LIMIT count]"""
    trim = _options(argv, adds=False).trim
    if trim is None:
        raise err("syntax error, XTRIM must be called with a trimming strategy")
    stream = call.stream(argv[1])
    return 0 if stream is None else _trim(stream, trim)


@command("xdel", -3, writes=True)
def xdel(call: Call, argv: list[bytes]) -> Reply:
    """XDEL key id …"""
    stream = call.stream(argv[1])
    if stream is None:
        return 0
    return sum([stream.delete(entry_id) for entry_id in [ids.parse(word) for word in argv[2:]]])


def _trim(stream: Stream, trim: Trim) -> int:
    count = trim.count(stream)
    if count:
        stream.trim(count)
    return count


def _wanted(word: bytes) -> Id | tuple[int, None]:
    """The id that XADD is given: without a sequence number, if that is left to the server."""
    if word.endswith(b"-*"):
        return ids.parse(word[:-2] + b"-0")[0], None
    return ids.parse(word)


def _next_id(stream: Stream, wanted: Id | tuple[int, None] | None, now_ms: int) -> Id:
    last = stream.last_id
    if last == HIGHEST:
        raise err("The stream has exhausted the last possible ID, unable to add more items")
    if wanted is None:
        return stream.next_id(now_ms)
    ms, sequence = wanted
    if sequence is None:
        sequence = 0
        if ms == last[0]:
            if last[1] == MOST:
                raise _too_small()
            sequence = last[1] + 1
    if (ms, sequence) <= last:
        raise _too_small()
    return ms, sequence


def _too_small() -> CommandError:
    return err("The ID specified in XADD is equal or smaller than the target stream top item")


def _options(argv: list[bytes], *, adds: bool) -> Options:
    trim: Trim | None = None
    limit: int | None = None
    makes_stream = True
    place = 2
    while place < len(argv):
        word, more = argv[place].upper(), len(argv) - 1 - place
        if adds and word == b"*":
            break
        if word in (b"MAXLEN", b"MINID") and more:
            if trim is not None:
                raise err("syntax error, MAXLEN and MINID options at the same time are not compatible")
            sign = argv[place + 1] if more >= 2 and argv[place + 1] in (b"~", b"=") else b""
            place += 2 if sign else 1
            trim = _threshold(word, argv[place])._replace(approximate=sign == b"~")
        elif word == b"LIMIT" and more:
            place += 1
            limit = integer(argv[place])
            if limit < 0:
                raise err("The LIMIT argument must be >= 0.")
        elif adds and word == b"NOMKSTREAM":
            makes_stream = False
        elif adds:
            _wanted(argv[place])
            break
        else:
            raise syntax_error()
        place += 1
    return Options(_limited(trim, limit), makes_stream, place)


def _threshold(word: bytes, argument: bytes) -> Trim:
    if word == b"MINID":
        return Trim(id=ids.parse(argument))
    length = integer(argument)
    if length < 0:
        raise err("The MAXLEN argument must be >= 0.")
    return Trim(length=length)


def _limited(trim: Trim | None, limit: int | None) -> Trim | None:
    if limit is None:
        return trim
    if trim is None:
        if limit:
            raise err("syntax error, LIMIT cannot be used without specifying a trimming strategy")
        return None
    if not trim.approximate:
        raise err("syntax error, LIMIT cannot be used without the special ~ option")
    return trim._replace(limit=limit)
