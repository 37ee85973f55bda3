"""Every command that shows what there is, and the tables filled with ordinary, long or hostile names for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from market.demand import Kept
from market.status import status_key, written
from outbox.outbox import File, Outbox
from outbox.text import Text
from signaltape.control.operations import resume
from signaltape.control.processes import Shown as Frozen
from signaltape.control.processes import encode, name_of
from signaltape.stream import processes_key, stream_key
from tests.attack.run import environment_of, run
from tests.attack.way import Way
from tests.support.book import TUESDAY
from tests.support.market_status import market_of
from tests.support.records import RECORD_SAMPLES
from tests.support.samples import closed, new_id, published

_WEEK = "2022-W03"
_SPAN = ("--from", "2022-01-17", "--to", "2022-01-24")


class Names(NamedTuple):
    """What comes from outside: the name of the stream, of a symbol, of anything that has one, and a remark."""

    stream: str
    symbol: str
    name: str
    remark: str


ORDINARY = Names("tape", "SOL-USDT-SWAP", "trend", "before the new weights")
LONG = Names("s" * 200, "S" * 128, "n" * 512, "why not " * 200 + "y" * 512)
HOSTILE = Names(
    "取引" * 60,
    "\x1b[31m[red]取引所🚀\u202e\x07\r" * 5,
    "\x1b]0;title\x07\n\t[/]流\u0301\u200d\ufe0f" * 20,
    "[bold]\x1b[2J" + "流" * 300 + "\u2028 a\nb\x9b31m",
)


class Known(NamedTuple):
    """What the commands are asked about: a session, a dead letter, a version, a file of weights."""

    session: str = "none"
    letter: str = "1"
    version: str = "none"
    weights: str = ""


class Shown(NamedTuple):
    """A command that shows what there is.

    arguments: what is typed behind its name; heads: of its tables, or names of its block; said: where its text says how
    many there are; counted: the same number from its JSON.
    """

    arguments: Callable[[Known], list[str]]
    heads: tuple[str, ...]
    said: str
    counted: Callable[[Any], int]


def _plainly(*line: str) -> Callable[[Known], list[str]]:
    return lambda _: list(line)


_DELIVERIES = (("id", "message", "state", "until, WIB"), r"messages: (\d+)", len)
_RULES = (("version", "changes", "status", "since, WIB"), r"versions: (\d+)", len)
SHOWN: dict[tuple[str, ...], Shown] = {
    ("signaltape", "doctor"): Shown(
        _plainly(), ("flag", "journal", "Redis", "stream", "lag"), r"(\d+) checks", len
    ),
    ("signaltape", "processes"): Shown(
        _plainly(),
        ("process", "state", "answered", "seen s ago", "since WIB"),
        r"of (\d+) did not answer",
        lambda found: len(found["processes"]),
    ),
    ("worker", "status"): Shown(
        _plainly(),
        (
            *("stream", "entries", "KiB", "lag", "lag s", "pending", "pending s", "consumers"),
            *("consumer", "idle s", "journal", "engine", "events shipped", "dead letters"),
        ),
        r"dead letters +(\d+)",
        lambda found: int(found["dead_letters"]),
    ),
    ("worker", "dead-letters", "list"): Shown(
        _plainly(),
        ("letters", "event", "id", "time, WIB", "entry", "bytes"),
        r"dead letters: (\d+)",
        lambda found: len(found["letters"]),
    ),
    ("worker", "dead-letters", "show"): Shown(
        lambda known: [known.letter],
        ("id", "stream", "entry_id", "event", "reason", "time", "field", "data"),
        r"id +(\d+)",
        lambda found: int(found["id"]),
    ),
    ("web", "keys", "create"): Shown(lambda known: ["phone"], (), r"made (\d+) key", lambda _found: 1),
    ("web", "keys", "list"): Shown(
        _plainly(), ("id", "name", "may", "made, WIB", "state"), r"keys: (\d+)", len
    ),
    ("desk", "users", "list"): Shown(
        _plainly(), ("id", "role", "name", "chats", "commands"), r"users: (\d+)", len
    ),
    ("desk", "drill"): Shown(
        _plainly(),
        ("step", "held", "s", "found"),
        r"of (\d+) steps held",
        lambda found: len(found["steps"]),
    ),
    ("market", "symbols"): Shown(
        _plainly(),
        ("symbol", "of", "last", "quality", "until (WIB)"),
        r"(\d+) symbols",
        lambda found: len(found["symbols"]),
    ),
    ("market", "providers"): Shown(
        _plainly(),
        ("provider", "breaker", "p95 ms", "tells", "has", "connects", "failures"),
        r"(\d+) providers",
        lambda found: len(found["providers"]),
    ),
    ("sink", "check"): Shown(
        _plainly(),
        ("event", "stored", "orphans", "dead letters"),
        r"(\d+) events are stored",
        lambda found: sum(found["events"].values()),
    ),
    ("reports", "scorecard"): Shown(
        _plainly("--week", _WEEK),
        ("score", "n", "wins", "winrate", "95 % of it", "mean R", "break-even", "net winrate", "net R"),
        r"Signals: (\d+)",
        lambda found: int(found["figures"]["published"]),
    ),
    ("reports", "evidence"): Shown(
        _plainly("--runs", "100"),
        ("world", "closed per bin", "ok", "broken", "not enough data"),
        r"in (\d+) cases",
        len,
    ),
    ("reports", "deliveries"): Shown(_plainly(), *_DELIVERIES),
    ("reports", "deliveries", "list"): Shown(_plainly(), *_DELIVERIES),
    ("reports", "rules"): Shown(_plainly(), *_RULES),
    ("reports", "rules", "list"): Shown(_plainly(), *_RULES),
    ("reports", "rules", "show"): Shown(
        lambda known: ["--", known.version],
        ("week of", "made", "why", "layer", "weight", "matches", "lift, points", "weeks", "verdict"),
        r"weights: (\d+)",
        lambda found: len(found["weights"]),
    ),
    ("reports", "whatif"): Shown(
        lambda known: ["--week", _WEEK, "--weights", known.weights],
        ("score", "published: n", "wins", "winrate", "new weights: n"),
        r"(\d+) signals with layers",
        lambda found: int(found["signals"]),
    ),
    ("replay", "retention"): Shown(
        _plainly("--dry-run"),
        ("deleted", "trimmed"),
        r"would be deleted: (\d+)",
        lambda found: len(found["deletedFiles"]),
    ),
    ("replay", "list"): Shown(
        _plainly(), ("session", "events", "from, WIB", "to, WIB"), r"sessions: (\d+)", len
    ),
    ("replay", "show"): Shown(
        lambda known: [known.session],
        ("from", "to", "made by", "symbols", "types", "notes", "sha256"),
        r"(\d+) events from",
        lambda found: int(found["totalEvents"]),
    ),
    ("replay", "status"): Shown(
        lambda known: [known.session],
        ("begun", "last event", "speed", "late, median ms"),
        r"of (\d+) events",
        lambda found: int(found["totalEvents"]),
    ),
    ("replay", "health"): Shown(_plainly(), ("logging", "replay"), r"(\d+) checks", len),
}


def fill(way: Way, names: Names) -> Known:
    """Something in every place that a command shows, under these names."""
    _record(way, names)
    way.redis.xgroup_createconsumer(way.key, "worker", names.name)
    way.redis.xadd(stream_key(names.stream, 3), {"event": names.name})
    _propose(way, names)
    _deliver(way, names)
    environment = environment_of(way.settings)
    built = run("replay", ["build", *_SPAN, "--notes", names.remark], environment)
    assert built.code == 0, built
    session = built.said.split()[1].rstrip(":")
    assert run("replay", ["run", session, "--max"], environment).code == 0
    assert run("web", ["keys", "create", "--", names.name], environment).code == 0
    _show_a_frozen_process(way, names)
    way.redis.hset(status_key(names.stream), mapping=written(market_of(names.name, names.remark), Kept()))
    chats = ["--chat", "-1001234567890/7", "--chat", "-1009999999999"]
    assert run("desk", ["users", "add", "42", "--name", "n" * 64, *chats], environment).code == 0
    row = way.connection.execute("SELECT max(id) FROM dead_letters").fetchone()
    assert row is not None
    weights = way.settings.home / "weights.json"
    weights.write_text(json.dumps({names.name: 0.4, "unknown " + names.name: 0.1}))
    return Known(session, str(row[0]), names.name, str(weights))


def _show_a_frozen_process(way: Way, names: Names) -> None:
    """One that has not heard what somebody said last."""
    host = names.name[:255]
    shown = Frozen(role="engine", host=host, pid=7, seen_ms=1, started_ms=1, epoch=0, state="running")
    way.redis.hset(processes_key(names.stream), name_of("engine", host, 7), encode(shown))
    resume(way.settings, names.name, names.remark)


def _record(way: Way, names: Names) -> None:
    with way.emitter() as tape:
        for score, rr in ((0.45, -1), (0.85, 1.9), (0.85, -1)):
            signal_id = new_id()
            layers = {names.name: {"match": True, "weight": 0.3}}
            fields: dict[str, Any] = {
                "rules_version": names.name,
                "setup": names.name,
                "layers": layers,
                "entry": 200,
                "sl": 198,
            }
            sent = published(
                signal_id, symbol=names.symbol, confluence_score=score, ts_published=TUESDAY, **fields
            )
            assert tape.published(sent)
            end = closed(signal_id, symbol=names.symbol, rr_realized=rr, ts_closed=TUESDAY)
            assert tape.closed(end)
        trade = {**RECORD_SAMPLES["market_trade"], "symbol": names.symbol, "timestamp": f"{TUESDAY}+07:00"}
        assert tape.record("market_trade", trade)
    way.ship()
    way.add(
        [
            [b"event", names.name.encode(), b"data", names.remark.encode()],
            [b"event", b"signal_closed", b"data", b"\xff\x00\x1b", names.name.encode(), b"\x9b"],
        ]
    )
    way.store()
    way.archive()


def _propose(way: Way, names: Names) -> None:
    finding = {
        "layer": names.name, "matches": 3, "lift": -0.25, "interval": [-0.5, 0.1], "weeks_same": 3, "weeks": 4,
        "verdict": "not shown",
    }  # fmt: skip
    way.connection.execute(
        "INSERT INTO rules_versions (version, parent, week_start, weights, why, evidence)"
        " VALUES (%s, %s, '2022-01-17', %s::jsonb, %s, %s::jsonb)",
        (names.name, names.symbol, json.dumps({names.name: 0.25}), names.remark, json.dumps([finding])),
    )


def _deliver(way: Way, names: Names) -> None:
    outbox = Outbox(way.connection)
    files = [File("document", names.name, b"x")]
    until = datetime(2022, 1, 30, tzinfo=UTC)
    assert outbox.enqueue(f"report:{_WEEK}:{names.name}", names.name, Text("a report", []), until, files)
    assert outbox.enqueue("report:2022-W02:-1001234567890", "-1001234567890", Text("a report", []), until)
    way.connection.execute(
        "UPDATE outbox SET state = 'failed', failures = 3, last_error = %s WHERE message_key <> 'report:2022-W02'",
        (names.remark,),
    )
