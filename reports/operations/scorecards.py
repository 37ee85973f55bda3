"""The scorecard of a week: computed and stored, saved as files, sent to Telegram."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from outbox.outbox import Outbox
from reports import delivery
from reports.chosen import ALL, Chosen
from reports.clocks import agreed
from reports.course import NO_COURSE, Course, course_of
from reports.figures import Group, when
from reports.files import save
from reports.operations.connected import connected
from reports.scorecard import Scorecard, compute
from reports.scorecard import store as keep
from reports.weeks import Week, week_of
from signaltape.errors import InvalidRequest, Unavailable
from signaltape.settings import Settings
from sink.db import snapshot
from sink.plain_errors import plain_errors

#: So long a report that is to be sent now is waited for.
SEND_WITHIN_S = 90.0


class Computed(NamedTuple):
    """A week's scorecard as of a moment; course: how it went, for the picture.

    when: its closed signals by weekday and hour; chosen: what it counts.
    """

    card: Scorecard
    course: Course
    now: datetime
    chosen: Chosen = ALL
    when: Sequence[Group] = ()

    @property
    def so_far(self) -> bool:
        """Whether the week is not over."""
        return self.now < self.card.week.report_due


class Sending(NamedTuple):
    """Where a report stands in the outbox: its state there, and its last error."""

    state: str
    error: str | None

    @property
    def sent(self) -> bool:
        """Whether it is in the chat."""
        return self.state == "sent"


@plain_errors()
def scorecard(
    settings: Settings,
    now: datetime,
    week: Week | None = None,
    *,
    to_send: bool = False,
    course: bool = True,
    store: bool = True,
    chosen: Chosen = ALL,
) -> Computed:
    """Compute a week's scorecard, without one the current week's (WIB), and store it.

    now: by this machine's clock; the database's counts where that is ahead.
    to_send: raise InvalidRequest if the week has not begun, for then there is nothing to send.
    course: look how it went too, which saving and sending need for the picture.
    store: keep it as the week's; without it nothing is written, and weekdays and hours are counted, too. Only that of
    all signals is kept.
    chosen: count these signals only.
    """
    with connected(settings) as connection:
        moment = agreed(connection, now)
        if to_send and week is not None and moment < week.since:
            raise InvalidRequest(f"{week.name} has not begun: there is nothing to send")
        with snapshot(connection):
            card = compute(connection, week or week_of(moment), settings.round_trip_pct, chosen)
            went = course_of(connection, card.week, chosen) if course else NO_COURSE
            times = [] if store else when(connection, card.week, chosen, card.alike)
        if store and chosen == ALL:
            keep(connection, card, moment)
    return Computed(card, went, moment, chosen, times)


def save_scorecard(found: Computed, folder: Path) -> list[Path]:
    """Save text, JSON, PNG and PDF; returns their paths. Raises Unavailable if the folder cannot be written."""
    from reports.drawing.picture import draw  # matplotlib takes a second to import: only where it is needed

    try:
        files = save(found.card, folder, so_far=found.so_far)
        return [*files, *draw(found.card, found.course, folder, so_far=found.so_far)]
    except OSError as error:
        raise Unavailable(f"cannot save to {folder}: {error.strerror}") from None


@plain_errors()
def send_scorecard(settings: Settings, found: Computed) -> Sending | None:
    """Send it to Telegram, once per week and chat, and wait for that. None if token or chat is not set.

    It blocks: in an event loop, call it in a thread.
    """
    to = delivery.destination(settings)
    if to is None:
        return None
    with connected(settings) as connection:
        delivery.enqueue(connection, found.card, to, found.now, found.course)
        asyncio.run(delivery.drain(settings, to, SEND_WITHIN_S))
        outbox = Outbox(connection)
        state = outbox.state(delivery.key_in_use(outbox, found.card.week, to.chat_id, found.now))
    assert state is not None
    return Sending(*state)
