"""From a scorecard to the chat: into the outbox once per week and chat, and out of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from outbox.bot_api import BotApi
from outbox.leases import Leases
from outbox.moves import learn_of_moves
from outbox.outbox import File, Outbox, Told
from outbox.policies import POLICIES
from outbox.rate_limiter import RateLimiter
from outbox.sender import Sender
from reports.course import NO_COURSE, Course
from reports.scorecard import Scorecard
from reports.text.message import compose
from reports.weeks import Week
from signaltape.clock import WIB
from signaltape.settings import Secret, Settings
from sink.db import Connection, connect_async, database_url

log = logging.getLogger("reports")

#: A report that could not be sent until the next one is due is of no use any more.
REPORT_LIFETIME = timedelta(days=7)
#: States of a message that was not sent.
_NOT_SENT = ("expired", "failed")


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


def key_in_use(outbox: Outbox, week: Week, chat_id: str, now: datetime) -> str:
    """The key of a report, by whichever of the chat's ids it is known: it had others if it became a supergroup.

    Of several the one that is on its way or sent; the others ended for its sake, or before it.
    """
    keys = [message_key(week, one, now) for one in outbox.ids_of(chat_id)]
    states = {key: state[0] for key in reversed(keys) if (state := outbox.state(key)) is not None}
    return min(states, key=lambda key: states[key] in _NOT_SENT, default=keys[0])


def enqueue(
    connection: Connection, card: Scorecard, to: Destination, now: datetime, course: Course = NO_COURSE
) -> bool:
    """Put a report into the outbox, with its picture and PDF. False if it is already on its way or sent.

    course: how the week went, for the picture.
    """
    not_after = max(card.week.report_due, now) + REPORT_LIFETIME
    outbox = Outbox(connection)
    so_far = now < card.week.report_due
    told = None if so_far else Told(card.week.monday, card.bins_json().decode())
    if outbox.state(key_in_use(outbox, card.week, to.chat_id, now)) is None:
        learn_of_moves(outbox, message_key(card.week, "", now), to.chat_id, to.token, to.base)
    before = outbox.state(key_in_use(outbox, card.week, to.chat_id, now))
    if before is not None and before[0] != "queued":
        return False  # there is no use in drawing
    text, files = compose(card, so_far=so_far), _files(card, course, so_far)
    with outbox.unmoved():  # it may have moved meanwhile: by its new id the report has another key
        key = key_in_use(outbox, card.week, to.chat_id, now)
        return outbox.enqueue(key, outbox.ids_of(to.chat_id)[-1], text, not_after, files, told)


def _files(card: Scorecard, course: Course, so_far: bool) -> list[File]:
    """The picture and the PDF, as far as they can be drawn here: the text is what counts."""
    from reports.drawing.picture import (  # matplotlib takes a second to import: only where it is needed
        plot,
        write,
    )

    files = []
    with _without_it(card, "page"), TemporaryDirectory(prefix="signaltape-") as folder:
        page = plot(card, course, so_far=so_far)
        for kind, format_ in (("photo", "png"), ("document", "pdf")):
            with _without_it(card, format_):
                path = write(page, card, Path(folder), format_)
                files.append(File(kind, path.name, path.read_bytes()))
    return files


@contextmanager
def _without_it(card: Scorecard, what: str) -> Iterator[None]:
    """Whatever goes wrong inside is said, and the report goes without it."""
    try:
        yield
    except Exception:
        log.exception("the %s of %s could not be drawn; the text is sent without it", what, card.week.name)


async def drain(settings: Settings, to: Destination, deadline_s: float) -> bool:
    """Send what is due, for at most `deadline_s` seconds. True if nothing waits any more."""
    connection = await connect_async(database_url(settings), name="signaltape-reports")
    try:
        async with BotApi(to.token, to.base) as api:
            return await Sender(Leases(connection, POLICIES), api, RateLimiter(connection)).drain(deadline_s)
    finally:
        await connection.close()
