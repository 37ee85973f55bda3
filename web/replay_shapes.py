"""What the calls on replays take and give, by the names of manifest and status."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from signaltape.replay import Mode
from signaltape.replay.session import DateRange

Text = Annotated[str, Meta(max_length=200)]
Names = Annotated[list[Text], Meta(max_length=100)]
#: A number that is none (NaN) is refused by the rule, too.
Speed = Annotated[float, Meta(gt=0, le=1e9)]
SessionId = Annotated[str, Meta(max_length=64)]
Index = Annotated[int, Meta(ge=0, le=2**62)]


class AskedRange(Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """A half-open span. ISO times, WIB without a zone."""

    since: Text
    until: Text


class Build(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A session to be built. symbols, eventTypes: all, if empty; source: without it, the one that holds most."""

    source_date_range: AskedRange
    symbols: Names = []
    event_types: Names = []
    speed_factor: Speed = 1.0
    notes: Annotated[str, Meta(max_length=1000)] = ""
    max_events: Annotated[int, Meta(ge=1, le=2**62)] | None = None
    source: Literal["stream", "archive", "postgres"] | None = None


class Run(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A replay. speedFactor: without it, the manifest's; max: as fast as possible; step: begin paused."""

    session_id: SessionId
    speed_factor: Speed | None = None
    max: bool = False
    loop: bool = False
    step: bool = False
    mode: Mode = Mode.ALL


class Which(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A session."""

    session_id: SessionId


class Stop(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A session; without it, all that are replayed."""

    session_id: SessionId | None = None


class Seek(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The event to go on from."""

    session_id: SessionId
    index: Index


class SetSpeed(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Another speed; null is as fast as possible."""

    session_id: SessionId
    speed_factor: Speed | None


class SetLoop(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Whether to begin anew at the end."""

    session_id: SessionId
    loop: bool


class ReplayManifest(Struct, frozen=True, kw_only=True, rename="camel"):
    """A session. While it is built, totalEvents is null, and progress says how far it is; message: why that failed.

    found: how many events each source held; missing: what the chosen one lacks or may lack, in words.
    """

    session_id: str
    created_at: datetime
    created_by: str
    source_date_range: DateRange
    symbols: list[str]
    event_types: list[str]
    speed_factor: float
    notes: str
    total_events: int | None = None
    source: str | None = None
    sha256: str | None = None
    found: dict[str, int] = {}
    missing: list[str] = []
    bad_lines: int = 0
    state: Literal["waiting", "building", "ready", "failed"] = "ready"
    progress: str = ""
    message: str = ""


class ReplayStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a replay stands; sessionId is null if nothing is replayed. speedFactor: null is as fast as possible.

    drift: how late events were, in milliseconds; jumps: loops and seeks; alsoRunning: other sessions that are replayed
    at the same time.
    """

    session_id: str | None = None
    running: bool = False
    paused: bool = False
    loop: bool = False
    current_event_index: int = 0
    total_events: int = 0
    started_at: datetime | None = None
    last_event_timestamp: datetime | None = None
    speed_factor: float | None = None
    drift_median_ms: float = 0.0
    drift_max_ms: float = 0.0
    bad_lines: int = 0
    jumps: int = 0
    also_running: list[str] = []


class ReplayDone(Struct, frozen=True):
    """What became of what was asked for."""

    success: bool
    message: str
