"""Messages to Telegram: where each stands, and another chance for one that was not sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from outbox.outbox import Outbox
from outbox.text import Entity
from reports.delivery import REPORT_LIFETIME
from reports.operations.connected import connected
from signaltape.errors import NotAllowedNow, NotFound
from signaltape.settings import Settings
from sink.plain_errors import plain_errors

#: So many are listed unless it is said how many.
PAGE = 20
STATES = ("queued", "sending", "sent", "uncertain", "failed", "expired")
_ENDED_UNSENT = ("uncertain", "failed", "expired")


class Message(msgspec.Struct, frozen=True):
    """What is known of a message without its text."""

    id: int
    message_key: str
    kind: str
    chat_id: str
    state: str
    failures: int
    lost_stubs: int
    message_ids: list[int]
    not_after: datetime
    last_error: str | None
    created_at: datetime
    updated_at: datetime


class Delivery(Message, frozen=True):
    """A message; `files`: how many of its files are in which state."""

    files: dict[str, int]

    @property
    def may_be_resent(self) -> bool:
        """Whether `resend` would queue it as it stands here."""
        return _may_be_resent(self.state, self.files)


class DeliveryFile(msgspec.Struct, frozen=True):
    """A file that follows a message. bytes: 0 once it was sent, its content is not kept."""

    position: int
    kind: str
    name: str
    bytes: int
    state: str
    message_id: int | None


class WholeDelivery(Message, frozen=True):
    """A message with its text. parts: messages that it takes; filled, filling: so many hold, or may hold, theirs."""

    body: str
    entities: list[Entity]
    parts: int | None
    filled: int
    filling: int
    next_try_at: datetime
    files: list[DeliveryFile]

    @property
    def may_be_resent(self) -> bool:
        """Whether `resend` would queue it as it stands here."""
        return _may_be_resent(self.state, [one.state for one in self.files])


class DeliveryPage(msgspec.Struct, frozen=True):
    """Some messages, newest first. states: how many there are of each in all; next_below: None on the last page."""

    states: dict[str, int]
    deliveries: list[Delivery]
    next_below: int | None


@plain_errors()
def list_deliveries(settings: Settings, limit: int = PAGE) -> list[Delivery]:
    """The newest messages, newest first."""
    with connected(settings) as connection:
        return msgspec.convert(Outbox(connection).listed(limit), list[Delivery])


@plain_errors()
def page_of_deliveries(
    settings: Settings, limit: int = PAGE, *, below: int | None = None, state: str | None = None
) -> DeliveryPage:
    """A page of messages. below: what the page before said; state: only those in it."""
    with connected(settings) as connection:
        outbox = Outbox(connection)
        states = outbox.states()
        found = msgspec.convert(outbox.listed(limit + 1, below, state), list[Delivery])
    page = found[:limit]
    return DeliveryPage(states, page, page[-1].id if len(found) > limit else None)


@plain_errors()
def show_delivery(settings: Settings, number: int) -> WholeDelivery:
    """One message with its text and files. Raises NotFound."""
    with connected(settings) as connection:
        found = Outbox(connection).whole(number)
    if found is None:
        raise NotFound(f"there is no message {number}")
    return msgspec.convert(found, WholeDelivery)


@plain_errors()
def resend(settings: Settings, number: int, now: datetime) -> None:
    """Queue a message again that is uncertain, failed or expired, or its files if these are.

    A text that was sent is never sent twice. Raises NotAllowedNow if it is in no such state.
    """
    with connected(settings) as connection:
        queued = Outbox(connection).resend(number, now + REPORT_LIFETIME)
    if not queued:
        raise NotAllowedNow(f"message {number} is not uncertain, failed or expired, nor is one of its files")


def _may_be_resent(state: str, files: Iterable[str]) -> bool:
    """What the statement itself holds, in words of its row. files: their states."""
    unsent = any(one != "sent" for one in files)
    return state in _ENDED_UNSENT or (state == "sent" and unsent)
