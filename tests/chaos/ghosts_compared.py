"""What ghosts left that were killed, beside what a ghost leaves that follows the same tape undisturbed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
from msgspec import structs

from consumer.tape_order import TapeReader
from ghost.operations.showing import digest
from ghost.runner import Runner
from ghost.settings import GhostSettings
from signaltape import Emitter, Secret, Settings
from signaltape.redis_client import redis_url
from signaltape.stream import GHOST_GROUP, stream_keys
from sink.admin.migrate import migrate
from sink.db import Connection, connect, database_url
from tests.chaos.rig import Rig
from tests.support.ghosting import ALL_ROWS, told
from tests.support.waiting import eventually

#: What ghosts tell.
NAMES = ("order_log", "trade_log", "price_line", "ghost_triggered", "ghost_closed", "ghost_invalidated")
_SETTLE_S = 120.0


class Compared(NamedTuple):
    """What the run came to. wrong: all that is not as without kills."""

    entries: int
    orders: int
    closed: int
    lines_rung: int
    messages: int
    wrong: list[str]


def compared(rig: Rig, client: Any) -> Compared:
    """Follow the tape once more, and look for differences."""
    ghost = GhostSettings.from_env(rig._usual_environment())
    again = _undisturbed(rig, ghost)
    said, wanted = told(client, ghost.common, *NAMES), told(client, again, *NAMES)
    with connect(database_url(ghost.common)) as own, connect(database_url(again)) as other:
        wrong = _differing("row", _rows(own), _rows(other))
        wrong += _differing("message", [*map(_text, said)], [*map(_text, wanted)])
        wrong += _stored(own, said)
        if digest(ghost.common).sha256 != digest(again).sha256:
            wrong.append("the digest of all rows is another one")
        counts = own.execute(
            "SELECT count(*), count(*) FILTER (WHERE status = 'closed'),"
            " (SELECT count(*) FROM ghost_lines WHERE status = 'rung') FROM ghost_orders"
        ).fetchone()
    assert counts is not None
    orders, closed, rung = counts
    entries = sum(client.xlen(key) for key in rig.keys)
    return Compared(entries, orders, closed, rung, len(said), wrong)


def awaited(who: str, done: Callable[[], bool], within_s: float = _SETTLE_S) -> list[str]:
    """Wait for it; what to say if it does not come."""
    try:
        eventually(done, within_s)
    except AssertionError as error:
        return [f"{who} does not come to rest: {error}"]
    return []


def has_followed(rig: Rig, client: Any, connection: Connection) -> bool:
    """Whether a ghost has read the whole tape, and told all that there is to tell."""
    found: dict[str, str] = dict(connection.execute("SELECT stream, entry_id FROM ghost_position").fetchall())
    waiting = connection.execute("SELECT count(*) FROM tape_records").fetchone()
    last = {key: client.xinfo_stream(key)["last-generated-id"].decode() for key in rig.keys}
    return found == last and waiting == (0,)


def is_drained(rig: Rig, client: Any) -> bool:
    """Whether the worker has stored all that is on the tape."""
    groups = [one for key in rig.keys for one in client.xinfo_groups(key)]
    return all(one["pending"] == 0 and one["lag"] == 0 for one in groups if one["name"] == b"worker")


def _undisturbed(rig: Rig, ghost: GhostSettings) -> Settings:
    """Follow the whole tape into an empty database, telling it to another stream; the settings of that."""
    url = Secret(rig.direct_database.reveal().replace("/postgres?", "/undisturbed?"))
    with psycopg.connect(rig.direct_database.reveal(), autocommit=True) as admin:
        admin.execute("CREATE DATABASE undisturbed")
    with connect(url) as connection:
        migrate(connection)
    home = rig.home / "undisturbed"
    other = structs.replace(ghost.common, stream="undisturbed", database_url=url, home=home)
    source = redis_url(ghost.common)
    keys = stream_keys(ghost.common.stream, ghost.common.partitions)

    def reader() -> TapeReader:
        return TapeReader(source, keys, GHOST_GROUP)

    with Emitter(other, control=False) as tape:
        again = structs.replace(ghost, common=other)
        Runner(again, url, reader, tape, threading.Event(), once=True).run()
    return other


def _rows(connection: Connection) -> list[str]:
    return [text for query in ALL_ROWS for (text,) in connection.execute(query).fetchall()]


def _differing(what: str, found: list[str], wanted: list[str]) -> list[str]:
    more, less = sorted({*found} - {*wanted}), sorted({*wanted} - {*found})
    lines = [f"{what} only with kills: {one[:300]}" for one in more[:5]]
    lines += [f"{what} only without kills: {one[:300]}" for one in less[:5]]
    return lines if len(found) == len(wanted) or lines else [f"{len(found)} {what}s, not {len(wanted)}"]


def _stored(connection: Connection, said: list[dict[str, Any]]) -> list[str]:
    """Each message is a row of the worker's, once."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM records WHERE event IN ('order_log', 'trade_log', 'price_line')),"
        " (SELECT count(*) FROM ghost_triggers) + (SELECT count(*) FROM ghost_closures)"
        " + (SELECT count(*) FROM ghost_invalidations)"
    ).fetchone()
    records = sum("id" in one for one in said)
    wanted = (records, len(said) - records)
    return [] if row == wanted else [f"the worker stored {row}, the tape says {wanted}"]


def _text(said: dict[str, Any]) -> str:
    return repr(sorted(said.items()))
