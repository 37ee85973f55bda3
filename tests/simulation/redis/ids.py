"""Entry ids: pairs of milliseconds and a sequence number, and how commands write them."""

from __future__ import annotations

from tests.simulation.redis.errors import err

Id = tuple[int, int]

MOST = 2**64 - 1
LOWEST: Id = (0, 0)
HIGHEST: Id = (MOST, MOST)
_INVALID = "Invalid stream ID specified as stream command argument"


def show(entry_id: Id) -> bytes:
    """An id as replies have it."""
    return b"%d-%d" % entry_id


def parse(word: bytes, missing: int = 0) -> Id:
    """An id in full, or milliseconds alone: then `missing` is the sequence number."""
    left, dash, right = word.partition(b"-")
    if not left.isdigit() or (dash and not right.isdigit()):
        raise err(_INVALID)
    entry_id = int(left), int(right) if dash else missing
    if max(entry_id) > MOST:
        raise err(_INVALID)
    return entry_id


def parse_bound(word: bytes, missing: int = 0) -> Id:
    """An id, or `-` and `+` for the lowest and the highest."""
    if word == b"-":
        return LOWEST
    if word == b"+":
        return HIGHEST
    return parse(word, missing)


def parse_start(word: bytes) -> Id:
    """The first id of an interval; `(` before it leaves it out."""
    if word[:1] != b"(" or len(word) == 1:
        return parse_bound(word)
    start = parse(word[1:])
    if start == HIGHEST:
        raise err("invalid start ID for the interval")
    return after(start)


def parse_end(word: bytes) -> Id:
    """The last id of an interval; `(` before it leaves it out."""
    if word[:1] != b"(" or len(word) == 1:
        return parse_bound(word, MOST)
    end = parse(word[1:], MOST)
    if end == LOWEST:
        raise err("invalid end ID for the interval")
    return (end[0], end[1] - 1) if end[1] else (end[0] - 1, MOST)


def after(entry_id: Id) -> Id:
    """The id that follows; the lowest follows the highest."""
    if entry_id[1] < MOST:
        return entry_id[0], entry_id[1] + 1
    return (entry_id[0] + 1, 0) if entry_id[0] < MOST else LOWEST
