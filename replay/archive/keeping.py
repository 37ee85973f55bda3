"""How long what is kept, and the report of what was done about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from replay.archive.layout import SIGNALS
from signaltape.contract.record_base import Group
from signaltape.plain_errors import one_line
from signaltape.settings import Settings

log = logging.getLogger("replay")


class Keep(NamedTuple):
    """How long each group is kept; None: for ever."""

    by_group: dict[str, timedelta | None]
    sessions: timedelta
    compress_after: timedelta


class Report(msgspec.Struct):
    """What was done. Paths are relative to `data/`."""

    timestamp: datetime
    deletedFiles: list[str] = []  # noqa: N815 - the name is promised
    keptFiles: int = 0  # noqa: N815 - the name is promised
    errors: list[str] = []
    compressedFiles: list[str] = []  # noqa: N815 - as the others
    droppedPartitions: list[str] = []  # noqa: N815 - as the others
    trimmedEntries: int = 0  # noqa: N815 - as the others
    sealedDays: int = 0  # noqa: N815 - as the others
    dryRun: bool = False  # noqa: N815 - as the others


def keep_of(settings: Settings) -> Keep:
    """What the settings say."""
    signals = settings.keep_signals_days
    return Keep(
        {
            Group.TRADES.value: timedelta(days=settings.keep_trades_days),
            Group.ORDERS.value: timedelta(days=settings.keep_orders_days),
            Group.EVENTS.value: timedelta(days=settings.keep_state_events_days),
            Group.SNAPSHOTS.value: timedelta(days=settings.keep_snapshots_days),
            Group.MARKET.value: timedelta(hours=settings.keep_market_hours),
            Group.DESK.value: timedelta(days=settings.keep_desk_days),
            Group.MEASURES.value: timedelta(days=settings.keep_measures_days),
            SIGNALS: timedelta(days=signals) if signals else None,
        },
        timedelta(days=settings.keep_sessions_days),
        timedelta(days=settings.compress_after_days),
    )


def attempt(report: Report, what: str, work: Callable[[], None]) -> None:
    """Do one step. Whatever fails is reported, and the next step is done all the same."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - reported; the other steps must not wait for this one
        report.errors.append(f"{what}: {one_line(error)}")
        log.warning("retention, %s: %s", what, one_line(error))
