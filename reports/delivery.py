"""From a scorecard to the chat: into the outbox once per week and chat, and out of it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from reports.figures import outcomes
from reports.message import compose
from reports.scorecard import Scorecard, note_reported
from reports.telegram.api import BotApi
from reports.telegram.outbox import File, Outbox
from reports.telegram.pace import Pace
from reports.telegram.sender import Sender
from reports.weeks import Week
from signaltape.clock import WIB
from signaltape.settings import Secret, Settings
from sink.db import Connection

log = logging.getLogger("reports")

#: A report that could not be sent until the next one is due is of no use any more.
REPORT_LIFETIME = timedelta(days=7)


class Destination(NamedTuple):
    """Where reports go."""

    token: Secret
    chat_id: str
    base: str


def destination(settings: Settings) -> Destination | None:
    """Where to send, or None if token or chat is not set."""
    if settings.telegram_bot_token is None or settings.telegram_chat_id is None:
        return None
    return Destination(settings.telegram_bot_token, settings.telegram_chat_id, settings.telegram_api_base)


def message_key(week: Week, chat_id: str, now: datetime) -> str:
    """The key under which a report is sent once: report, week, chat.

    A look at a week that is not over has a key of its own, by day: it must not take the place of Sunday's report.
    """
    if now < week.report_due:
        return f"scorecard-so-far:{now.astimezone(WIB).date()}:{chat_id}"
    return f"scorecard:{week.monday}:{chat_id}"


def enqueue(connection: Connection, card: Scorecard, to: Destination, now: datetime) -> bool:
    """Put a report into the outbox, with its picture and PDF. False if it is already on its way or sent."""
    not_after = max(card.week.report_due, now) + REPORT_LIFETIME
    key = message_key(card.week, to.chat_id, now)
    text = compose(card, so_far=now < card.week.report_due)
    outbox = Outbox(connection)
    before = outbox.state(key)
    may_be_taken = before is None or before[0] == "queued"  # else there is no use in drawing
    fresh = may_be_taken and outbox.enqueue(key, to.chat_id, text, not_after, _files(connection, card))
    if now >= card.week.report_due:
        note_reported(connection, card.week)
    return fresh


def _files(connection: Connection, card: Scorecard) -> list[File]:
    """The picture and the PDF; none if they cannot be drawn here, for the text is what counts."""
    from reports.picture import draw  # matplotlib takes a second to import: only where it is needed

    try:
        with TemporaryDirectory(prefix="signaltape-") as folder:
            png, pdf = draw(card, outcomes(connection, card.week), Path(folder))
            return [File("photo", png.name, png.read_bytes()), File("document", pdf.name, pdf.read_bytes())]
    except (OSError, ValueError, RuntimeError):
        log.exception("the picture of %s could not be drawn; the text is sent without it", card.week.name)
        return []


async def drain(connection: Connection, to: Destination, deadline_s: float) -> bool:
    """Send what is due, for at most `deadline_s` seconds. True if nothing waits any more."""
    async with BotApi(to.token, to.base) as api:
        return await Sender(Outbox(connection), api, Pace(connection)).drain(deadline_s)
