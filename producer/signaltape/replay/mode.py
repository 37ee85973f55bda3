"""Which events of a session are played."""

from __future__ import annotations

from enum import StrEnum

from signaltape.contract.events import EVENTS
from signaltape.contract.record_base import Group
from signaltape.contract.records import RECORDS
from signaltape.replay.session import ReplayEvent


class Mode(StrEnum):
    """Which events are played."""

    ALL = "ALL"
    #: scoring and regime updates only, for an engine that keeps its own state machine
    SCORING_ONLY = "SCORING_ONLY"
    #: the market only: the engine recomputes everything else
    FULL_DECISION = "FULL_DECISION"


_MARKET = {name for name, kind in RECORDS.items() if kind.GROUP is Group.MARKET}
_SCORING = {"scoring_snapshot", "regime_snapshot"}


def plays(mode: Mode, event: ReplayEvent) -> bool:
    """Whether a mode plays an event."""
    if mode is Mode.FULL_DECISION:
        return event.event in _MARKET
    if mode is Mode.SCORING_ONLY:
        return event.event in _SCORING or (
            event.event not in EVENTS and event.type.startswith(("SCORING", "REGIME"))
        )
    return True
