"""/status: whether all is well, in words; what is not, comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from msgspec import Struct
from redis import Redis

from consumer.group_status import PartitionStatus, group_status
from desk.answers.answering import as_of, button
from desk.answers.page import Page, name
from desk.answers.plan import age
from desk.answers.reading import asking_redis, reading
from desk.asking import Answer, Asking
from outbox.text import Text
from outbox.wording import duration, grouped, moment
from signaltape.clock import WIB, from_epoch_ms
from signaltape.control import Control, Process, standing
from signaltape.errors import SettingsError, Unavailable
from signaltape.settings import Settings
from signaltape.stream import WORKER_GROUP, entry_time_ms, stream_keys

COMMAND = "status"
#: Behind by more than this the worker is worth a look; a message that waits longer, too.
LATE_S = 10.0
OVERDUE = timedelta(minutes=1)
_MOST_LETTERS = 1_000
#: So many of the troubles stand on the first screen.
_FIRST = 2
_KEEPS = {"Redis": "the journals keep all meanwhile", "Postgres": "the stream keeps all meanwhile"}


class Flow(Struct, frozen=True):
    """What Redis knows. newest: of the stream; now_ms: by Redis' clock."""

    control: Control | None
    processes: Sequence[Process]
    now_ms: int
    partitions: Sequence[PartitionStatus]
    newest: datetime | None


class Stored(Struct, frozen=True):
    """What Postgres knows, most of it of today (WIB). ages: when something of each kind happened last."""

    ages: dict[str, datetime | None]
    letters: int
    messages: dict[str, int]
    alerts: dict[str, int]


class Status(Struct, frozen=True):
    """All of it; of a server that is away, why it is."""

    flow: Flow | None
    stored: Stored | None
    away: Mapping[str, str] = {}


def status(asking: Asking) -> Answer:
    """Whether all is well."""
    found = read_status(asking.settings, asking.now)
    menu = [button("Processes", "processes"), button("Held", "held"), button("Refresh", COMMAND)]
    return Answer(told(found, asking.now), [menu])


def read_status(settings: Settings, now: datetime) -> Status:
    """Both servers are asked; one that is away is said beside what the other knows."""
    away: dict[str, str] = {}
    flow: Flow | None = None
    stored: Stored | None = None
    try:
        with asking_redis(settings) as client:
            flow = _flow(client, settings, now)
    except (Unavailable, SettingsError) as error:
        away["Redis"] = str(error)
    try:
        stored = _stored(settings, now)
    except (Unavailable, SettingsError) as error:
        away["Postgres"] = str(error)
    return Status(flow, stored, away)


def _flow(client: Redis, settings: Settings, now: datetime) -> Flow:
    there = standing(client, settings.stream)
    keys = stream_keys(settings.stream, settings.partitions)
    last: list[Any] = [client.xrevrange(key, count=1) for key in keys]
    newest = max((entry_time_ms(entries[0][0].decode()) for entries in last if entries), default=None)
    return Flow(
        there.control,
        [one for one in there.processes if not one.is_gone(there.now_ms)],
        there.now_ms,
        group_status(client, settings, WORKER_GROUP, now),
        None if newest is None else from_epoch_ms(newest),
    )


def _stored(settings: Settings, now: datetime) -> Stored:
    today = datetime.combine(now.astimezone(WIB).date(), time.min, WIB)
    with reading(settings) as read:
        return Stored(
            read.row("ages") or {},
            (read.row("letters", since=today, most=_MOST_LETTERS) or {"n": 0})["n"],
            read.row("messages", since=today, overdue=now - OVERDUE) or {},
            read.row("alerts", since=today) or {},
        )


def troubles(found: Status) -> list[str]:
    """What is not well, each with what to do; the worst first."""
    said = [f"{server} is away: {_KEEPS[server]}" for server in found.away]
    flow, stored = found.flow, found.stored
    return said + (_of_flow(flow) if flow else []) + (_of_stored(stored) if stored else [])


def _of_flow(flow: Flow) -> list[str]:
    paused = flow.control is not None and flow.control.paused
    said = [f"Paused {_by(flow.control, flow.now_ms)}: /resume"] if flow.control and paused else []
    alive = [one for one in flow.processes if not one.is_silent(flow.now_ms)]
    silent = [one for one in flow.processes if one.is_silent(flow.now_ms)]
    if not any(one.role == "worker" for one in alive):
        said.append("No worker shows itself: python -m worker")
    if silent:
        said.append(f"{len(silent)} silent, first {name(silent[0].name, 22)}: /processes")
    lag_s = max((one.lag_s for one in flow.partitions), default=0.0)
    stuck_s = max((one.oldest_pending_s for one in flow.partitions), default=0.0)
    if lag_s > LATE_S:
        said.append(f"The worker is {duration(int(lag_s * 1000))} behind")
    if stuck_s > 60:
        said.append(f"Entries in hand for {duration(int(stuck_s * 1000))}")
    vanished = sum(one.vanished for one in flow.partitions)
    return [*said, f"{vanished} entries vanished from Redis before they were stored"] if vanished else said


def _of_stored(stored: Stored) -> list[str]:
    messages, said = stored.messages, []
    if stored.letters:
        said.append(f"{_letters(stored)} dead letters today: python -m worker dead-letters list")
    if messages.get("overdue"):
        said.append(f"{messages['overdue']} messages wait too long: python -m reports deliveries")
    stuck = {state: messages.get(state) or 0 for state in ("failed", "uncertain")}
    if any(stuck.values()):
        said.append(f"Messages today: {', '.join(f'{n} {state}' for state, n in stuck.items() if n)}")
    return said


def told(found: Status, now: datetime) -> Text:
    """The answer."""
    wrong = troubles(found)
    page = Page(f"Status · {headline(found, wrong)}").lines(wrong[:_FIRST])
    page.table([*_flow_rows(found.flow), *_stored_rows(found.stored, now)]).line(as_of(now))
    page.quote("Also to look at", wrong[_FIRST:])
    page.quote("Why", list(found.away.values()))
    if found.flow is not None:
        page.quote("Worker", [_partition(one) for one in found.flow.partitions])
    if found.stored is not None:
        page.quote("Last", [_last(what, at, now) for what, at in found.stored.ages.items()])
        page.quote(
            "Messages today", [f"{state} {grouped(n or 0)}" for state, n in found.stored.messages.items()]
        )
    return page.build()


def headline(found: Status, wrong: Sequence[str]) -> str:
    """In two words."""
    if found.flow is not None and found.flow.control is not None and found.flow.control.paused:
        return "PAUSED"
    if found.away:
        return f"{' and '.join(found.away)} away"
    return f"{len(wrong)} to look at" if wrong else "all well"


def _flow_rows(flow: Flow | None) -> list[tuple[str, str]]:
    if flow is None:
        return [("Redis", "away")]
    alive = sum(not one.is_silent(flow.now_ms) for one in flow.processes)
    control = flow.control
    since = duration(max(0, flow.now_ms - control.at_ms)) if control and control.at_ms else ""
    lag_s = max((one.lag_s for one in flow.partitions), default=0.0)
    last = "empty" if flow.newest is None else f"{age(flow.newest, from_epoch_ms(flow.now_ms))} ago"
    return [
        ("control", f"{control.state} {since}".strip() if control else "running"),
        ("process", f"{alive} of {len(flow.processes)} alive"),
        ("worker", f"lag {lag_s:.1f} s" if lag_s < LATE_S else f"lag {duration(int(lag_s * 1000))}"),
        ("pending", grouped(sum(one.pending for one in flow.partitions))),
        ("event", last),
    ]


def _stored_rows(stored: Stored | None, now: datetime) -> list[tuple[str, str]]:
    if stored is None:
        return [("Postgres", "away")]
    published = stored.ages.get("published")
    return [
        ("signal", f"{age(published, now)} ago" if published else "none yet"),
        ("letters", f"{_letters(stored)} dead today"),
        ("waiting", f"{grouped(stored.messages.get('waiting') or 0)} messages"),
        ("alerts", f"{stored.alerts.get('sent') or 0} sent, {stored.alerts.get('held') or 0} held"),
    ]


def _letters(stored: Stored) -> str:
    return f"{_MOST_LETTERS} or more" if stored.letters >= _MOST_LETTERS else str(stored.letters)


def _by(control: Control, now_ms: int) -> str:
    """`since 14:02:51 by ana (news)`."""
    why = f" ({name(control.why, 24)})" if control.why else ""
    since = f"since {moment(control.at, from_epoch_ms(now_ms))} " if control.at_ms else ""
    return f"{since}by {name(control.by or 'nobody', 20)}{why}"


def _partition(one: PartitionStatus) -> str:
    lag = "?" if one.lag_entries is None else grouped(one.lag_entries)
    return (
        f"{name(one.key, 22)}: {grouped(one.entries)} entries, {lag} not read, {grouped(one.pending)} in hand"
    )


def _last(what: str, at: datetime | None, now: datetime) -> str:
    return f"{what} {age(at, now)} ago" if at else f"{what}: none yet"
