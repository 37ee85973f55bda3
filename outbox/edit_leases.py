"""Edits, as the sender uses them: who holds which, what may still arrive of older ones, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from outbox.keyboard import Keyboard, loaded
from outbox.text import Entity, Text
from sink.db import AsyncConnection, fetched
from sink.queries import load

_SQL = load(Path(__file__).parent / "sql" / "edits.sql")
#: A call without an answer may arrive at Telegram for so long after it was begun: longer than the longest wait for an
#: answer, and a while in which it stands in a proxy's queue.
LATE_S = 120.0


class LeasedEdit(NamedTuple):
    """An edit that this sender holds for now."""

    message_key: str
    #: of the message in the outbox, and where it stands
    id: int
    chat_id: str
    text: Text
    keyboard: Keyboard
    #: how often something else was wanted
    revision: int
    #: the number of this lease
    fencing_token: int
    failures: int
    #: so many of its messages hold this revision already
    places: int
    message_ids: list[int]
    kind: str
    ref: str | None
    #: the places of the parts that stand with a mark
    marks: list[int]
    #: for so many seconds calls from before may still arrive, and the oldest revision of them; None: none may
    doubt_s: float | None
    doubtful: int | None

    @property
    def again_s(self) -> float | None:
        """After so many seconds it is to be said once more, for an older one may come behind it; None: it need not."""
        return self.doubt_s if self.doubtful is not None and self.doubtful < self.revision else None


class EditLeases:
    """The table of edits, as a sender uses it. Every method is one committed transaction.

    Nothing must be made up for a connection that was lost: an edit that is done again changes nothing.
    """

    def __init__(self, connection: AsyncConnection, kinds: Sequence[str], lease_s: float) -> None:
        self._connection = connection
        self._kinds = list(kinds)
        self._lease_s = lease_s

    async def lease(self) -> LeasedEdit | None:
        """Take one edit that is due, of a message that stands. None if there is none now."""
        await self._do("end")
        asked = {"lease_s": self._lease_s, "late_s": LATE_S, "kinds": self._kinds}
        rows = await fetched(self._connection, _SQL["lease"], asked)
        if not rows:
            return None
        key, number, chat_id, body, entities, keyboard, *rest = rows[0]
        text = Text(body, msgspec.convert(entities, list[Entity]))
        return LeasedEdit(key, number, chat_id, text, loaded(keyboard), *rest)

    async def begun(self, edit: LeasedEdit) -> bool:
        """A call is about to be made: until more is known, it may arrive late.

        False if this sender does not hold the edit any more, or a newer one is wanted: then it must not be made.
        """
        asked = {"doubtful": edit.doubtful, "lease_s": self._lease_s, "late_s": LATE_S}
        return bool(await fetched(self._connection, _SQL["begun"], self._about(edit) | asked))

    async def answered(self, edit: LeasedEdit, places: int) -> None:
        """The call had its answer: it cannot arrive any more, and so many messages are as they should be.

        Where an older one may come behind it, that is not for good: then the whole is said once more.
        """
        places = edit.places if edit.again_s is not None else places
        await self._note("answered", edit, doubt_s=edit.doubt_s, doubtful=edit.doubtful, places=places)

    async def without_buttons(self, edit: LeasedEdit) -> None:
        """Telegram takes no edit with such buttons."""
        await self._note("without_buttons", edit)

    async def done(self, edit: LeasedEdit) -> None:
        """The message is as this revision wants it."""
        await self._note("done", edit, again_s=edit.again_s)

    async def postpone(self, edit: LeasedEdit, wait_s: float) -> None:
        """It is not this chat's turn for `wait_s` seconds."""
        await self._note("postpone", edit, wait_s=wait_s)

    async def not_its_turn(self, edit: LeasedEdit, wait_s: float) -> None:
        """As `postpone`, and no other edit that waits for this chat has a turn before."""
        await self.postpone(edit, wait_s)
        await self._do("postpone_chat", chat_id=edit.chat_id, wait_s=wait_s)

    async def retry(self, edit: LeasedEdit, wait_s: float, error: str) -> None:
        """Try again after `wait_s` seconds."""
        await self._note("retry", edit, wait_s=wait_s, error=error)

    async def fail(self, edit: LeasedEdit, error: str) -> None:
        """It was refused, and would be again."""
        await self._note("fail", edit, error=error)

    def _about(self, edit: LeasedEdit) -> dict[str, Any]:
        return {
            "message_key": edit.message_key,
            "fencing_token": edit.fencing_token,
            "revision": edit.revision,
        }

    async def _note(self, query: str, edit: LeasedEdit, **parameters: Any) -> None:
        await self._do(query, **self._about(edit), **parameters)

    async def _do(self, query: str, **parameters: Any) -> None:
        await self._connection.execute(_SQL[query], parameters)
