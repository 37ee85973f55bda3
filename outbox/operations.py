"""What the outbox does for a person: show a message as a phone does."""

from __future__ import annotations

from contextlib import closing

import msgspec

from outbox.keyboard import loaded
from outbox.outbox import Outbox
from outbox.preview.shown import Shown
from signaltape.errors import NotFound
from signaltape.settings import Settings
from sink.db import connect, database_url
from sink.plain_errors import plain_errors


@plain_errors()
def shown(settings: Settings, number: int) -> Shown:
    """A message of the outbox by its number. Raises NotFound, Unavailable."""
    with closing(connect(database_url(settings))) as connection:
        found = Outbox(connection).shown(number)
    if found is None:
        raise NotFound(f"there is no message {number} in the outbox")
    return msgspec.convert({**found, "keyboard": msgspec.to_builtins(loaded(found["keyboard"]))}, Shown)
