"""How an event stands in Redis: keys, partitions and fields. Pure: no connection here."""

from __future__ import annotations

import re
from zlib import crc32

#: The consumer groups of the worker, of the archiver, of the desk, which alerts, of the ghost and of the guard. The
#: last two are given nothing: their groups hold no more than how far they are.
WORKER_GROUP = "worker"
ARCHIVE_GROUP = "archive"
DESK_GROUP = "desk"
GHOST_GROUP = "ghost"
GUARD_GROUP = "guard"

FIELD_EVENT = b"event"
FIELD_DATA = b"data"
FIELD_ID = b"id"
FIELD_VERSION = b"v"
#: The id that a requeued entry had when it first came: its time and, for a record without an id, its identity.
FIELD_FIRST_ENTRY_ID = b"first_entry_id"
#: The session of a replayed event: it marks the event, and keeps it out of the live tables.
FIELD_REPLAY = b"replay"
#: Of what a replayed engine emitted: the run of its process, and its number in that run.
FIELD_RUN = b"run"
FIELD_NUMBER = b"n"

#: What SIGNALTAPE_PARTITIONS may be at most.
MOST_PARTITIONS = 256


def stream_key(stream: str, partition: int) -> str:
    """The key of one partition. The braces make it one Redis Cluster slot."""
    return f"{stream}:{{{partition}}}"


#: What the id of a session looks like.
SESSION_ID = r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"
is_session_id = re.compile(SESSION_ID).match


def replay_key(stream: str, session: str) -> str:
    """The stream that a session is played into."""
    return f"{stream}:replay:{session}"


def output_key(stream: str, session: str) -> str:
    """The stream of what an engine emits while a session is replayed to it: never that of what really happens."""
    return output_beside(replay_key(stream, session))


def output_beside(key: str) -> str:
    """The same, by the key of the stream that the session is played into."""
    return f"{key}:out"


def control_key(stream: str) -> str:
    """The hash that says whether all is to run or to pause: see `signaltape.control.state`."""
    return f"{stream}:control"


def processes_key(stream: str) -> str:
    """The hash of all processes that are there, and what each has answered: see `signaltape.control.processes`."""
    return f"{stream}:processes"


def vanished_key(key: str) -> str:
    """The hash that counts, by group, entries of a stream that were deleted while they were pending."""
    return f"{key}:vanished"


def stream_keys(stream: str, partitions: int) -> list[str]:
    """The keys of all partitions, in order."""
    return [stream_key(stream, number) for number in range(partitions)]


def route(name: str) -> int:
    """The routing number of a signal id (or, for records, of a symbol): its crc32.

    The partition is this number modulo the number of partitions.
    """
    return crc32(name.encode())


def entry_time_ms(entry_id: str) -> int:
    """Milliseconds since 1970 of an entry id such as `1642376400000-0`."""
    return int(entry_id.partition("-")[0])


def entry_order(entry_id: str) -> tuple[int, int]:
    """An entry id as a pair that compares as Redis compares ids."""
    left, _, right = entry_id.partition("-")
    return int(left), int(right or 0)
