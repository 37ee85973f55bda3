"""The outbox, as its sender uses it: who holds which message, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from outbox.bot_api import Manner
from outbox.edit_leases import EditLeases
from outbox.keyboard import loaded
from outbox.outbox import REPORT, File
from outbox.text import Entity, Text
from signaltape.plain_errors import one_line
from sink.db import CONNECTION_ERRORS, AsyncConnection, DatabaseError, fetched
from sink.queries import load

log = logging.getLogger("reports")

_SQL = load(Path(__file__).parent / "sql" / "outbox.sql")
#: A sender that died holds its message no longer than this.
LEASE_S = 120.0
#: Said of a message whose text was sent without an answer and cannot be asked about any more.
IN_DOUBT = "its text was sent without an answer; look at the chat, and resend it if it is not there"
#: Queries with their parameters whose connection was lost: what they say is known for sure, and stays true.
Unwritten = list[tuple[str, dict[str, Any]]]


class Leased(NamedTuple):
    """A message that this sender holds for now."""

    id: int
    message_key: str
    chat_id: str
    text: Text
    #: ids of the messages that stand in the chat, one per part: `filled` of them hold their text
    message_ids: list[int]
    filled: int
    #: parts that hold their text, or may hold it
    filling: int
    lost_stubs: int
    #: the number of this lease
    fencing_token: int
    failures: int
    #: of `outbox.policies`
    kind: str = REPORT
    #: parts that hold their text in the group that the chat was before it became a supergroup
    left_behind: int = 0
    #: its name where it may repeat itself
    ref: str | None = None
    #: how each part is sent, the last one with the buttons
    manner: Manner = Manner()

    def in_doubt(self, place: int) -> bool:
        """Whether the part at `place` may stand in the chat from an earlier try."""
        return self.filled <= place < self.filling


class Leases:
    """The table, as a sender uses it. Every method is one committed transaction.

    What a sender decides is written only while it holds the message; what certainly stands in the chat always is.

    connection: in autocommit mode; kinds: that the sender knows; lease_s: how long a sender holds a message without a
    sign of life; unwritten: given again with the next connection, what this one could not write any more is not lost.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        kinds: Collection[str],
        lease_s: float = LEASE_S,
        unwritten: Unwritten | None = None,
    ) -> None:
        self._connection = connection
        self._kinds = list(kinds)
        self._lease_s = lease_s
        self._unwritten: Unwritten = [] if unwritten is None else unwritten
        #: what messages are to become
        self.edits = EditLeases(connection, self._kinds, lease_s)

    async def listen(self) -> None:
        """From now on `told` knows of what is put in. Raises DatabaseError where that cannot be asked for."""
        await self._do("listen")

    async def told(self, longest_s: float) -> None:
        """Wait until something was put in since the last look, for at most so long. It may wake for nothing."""
        async with aclosing(self._connection.notifies(timeout=longest_s, stop_after=1)) as notes:
            async for _ in notes:
                return

    async def lease(self) -> Leased | None:
        """Take one message that is due, of a kind that this sender knows. None if there is none now."""
        await self._make_up()
        await self._do("expire", in_doubt=IN_DOUBT)
        rows = await self._ask("lease", lease_s=self._lease_s, kinds=self._kinds)
        if not rows:
            return None
        number, key, chat_id, body, entities, *rest = rows[0]
        *rest, keyboard, silent, thread_id, reply_to = rest
        manner = Manner(loaded(keyboard), silent, thread_id, reply_to)
        text = Text(body, msgspec.convert(entities, list[Entity]))
        return Leased(number, key, chat_id, text, *rest)._replace(manner=manner)

    async def renew_lease(self, message: Leased) -> bool:
        """Whether this sender still holds the message and it has not expired; then for a whole lease more."""
        return bool(await self._about("renew_lease", message, lease_s=self._lease_s))

    async def next_due_s(self) -> float | None:
        """Seconds until the next message is due (0 or less: now); None if none waits."""
        ((due_s,),) = await self._ask("next_due_s", kinds=self._kinds)
        return None if due_s is None else float(due_s)

    async def stub_begun(self, message: Leased) -> bool:
        """A stub is about to be sent: until more is known, it may or may not stand in the chat.

        False if this sender does not hold the message any more: then it must not be sent.
        """
        return bool(await self._about("stub_begun", message))

    async def stub_sent(self, message: Leased, message_id: int, place: int = 0) -> int | None:
        """A stub stands in the chat for the part at `place`. The id of the stub to fill; None if it is another's turn.

        Another sender may have put a stub in its place meanwhile; then that one is filled.
        """
        known = {"chat_id": message.chat_id, "place": place, "message_id": message_id}
        with self._kept("stub_sent", message, **known):
            rows = await self._about("stub_sent", message, **known)
        return rows[0][0] if rows and rows[0][1] else None

    async def stub_not_sent(self, message: Leased) -> None:
        """The stub certainly does not stand in the chat."""
        await self._note("stub_not_sent", message)

    async def stub_gone(self, message: Leased, place: int) -> None:
        """The stub of the part at `place` was deleted from the chat."""
        await self._note("stub_gone", message, place=place)

    async def text_begun(self, message: Leased, place: int) -> bool:
        """The part at `place` is about to be sent: until more is known, it may or may not stand in the chat.

        False if this sender does not hold the message any more: then it must not be sent.
        """
        if message.in_doubt(place):
            return bool(await self._about("text_begun", message, place=place))
        with self._kept("text_not_sent", message, place=place):  # without an answer no call follows
            return bool(await self._about("text_begun", message, place=place))

    async def text_not_sent(self, message: Leased, place: int) -> None:
        """This try certainly did not send the text; what an earlier one did is as unknown as before."""
        if not message.in_doubt(place):
            await self._known("text_not_sent", message, place=place)

    async def filled(self, message: Leased, place: int, message_id: int) -> None:
        """The stub of the part at `place` holds its text."""
        await self._known("filled", message, place=place, message_id=message_id)

    async def whole_begun(self, message: Leased, place: int) -> bool:
        """The part at `place` is about to be sent as a message: until more is known, it may stand in the chat.

        False if this sender does not hold the message any more, or the part stands already: then it must not be sent.
        """
        before = {"place": place, "lost": message.lost_stubs, "in_doubt": message.in_doubt(place)}
        with self._kept("whole_not_sent", message, **before):  # without an answer no call follows
            return bool(await self._about("whole_begun", message, place=place, lost=message.lost_stubs))

    async def whole_not_sent(self, message: Leased, place: int) -> None:
        """This call certainly did not send the part; what an earlier one did is as unknown as before."""
        before = {"place": place, "lost": message.lost_stubs, "in_doubt": message.in_doubt(place)}
        await self._known("whole_not_sent", message, **before)

    async def without_buttons(self, message: Leased) -> None:
        """Telegram takes no message with such buttons."""
        await self._note("without_buttons", message)

    async def without_topic(self, message: Leased) -> None:
        """Its topic is gone."""
        await self._note("without_topic", message)

    async def sent_whole(self, message: Leased, place: int, message_id: int) -> bool:
        """The part at `place` stands in the chat, as a message that never was a stub: marked, if it may repeat one.

        False if this sender does not hold the message any more: then it sends no more of it.
        """
        known = {
            "chat_id": message.chat_id,
            "place": place,
            "message_id": message_id,
            "marked": message.in_doubt(place),
        }
        with self._kept("sent_whole", message, **known):
            rows = await self._about("sent_whole", message, **known)
        return bool(rows and rows[0][0])

    async def files(self, message: Leased) -> list[tuple[int, File]]:
        """The files that still are to be sent, with their positions."""
        rows = await self._about("files", message)
        return [(position, File(kind, name, bytes(content))) for position, kind, name, content in rows]

    async def file_is(self, message: Leased, position: int, state: str) -> bool:
        """Note what became of a file: queued, uncertain or failed. False if this sender does not hold it any more."""
        later = "queued" if state == "uncertain" else state  # without an answer no call follows
        with self._kept("file_state", message, position=position, state=later):
            return bool(await self._about("file_state", message, position=position, state=state))

    async def file_sent(self, message: Leased, position: int, message_id: int | None) -> None:
        """A file stands in the chat."""
        await self._known("file_sent", message, position=position, message_id=message_id)

    async def move(self, chat_id: str, new_chat_id: str, message: Leased | None = None) -> str:
        """The group has become a supergroup: send all that wait for it there. The id that they go to.

        That is the one that was said first, for reports were sent by it. message: the one that this sender holds,
        unless it was overtaken; those that others hold are left to them.
        """
        async with self._connection.transaction():
            await self._do("hold_moves")
            ((moved_to,),) = await self._ask("note_move", chat_id=chat_id, new_chat_id=new_chat_id)
            await self._do(
                "move",
                chat_id=chat_id,
                new_chat_id=moved_to,
                ids=[one for (one,) in await self._ask("ids", chat_id=chat_id)],
                id=message and message.id,
                fencing_token=message and message.fencing_token,
                in_doubt=IN_DOUBT,
            )
        return str(moved_to)

    async def postpone(self, message: Leased, wait_s: float) -> None:
        """It is not this chat's turn for `wait_s` seconds."""
        await self._note("postpone", message, wait_s=wait_s)

    async def not_its_turn(self, message: Leased, wait_s: float) -> None:
        """As `postpone`, and nothing else that waits for this chat has a turn before."""
        await self.postpone(message, wait_s)
        await self._do("postpone_chat", chat_id=message.chat_id, wait_s=wait_s)

    async def retry(self, message: Leased, wait_s: float, error: str) -> None:
        """Try again after `wait_s` seconds."""
        await self._note("retry", message, wait_s=wait_s, error=error)

    async def finish(self, message: Leased, state: str, error: str | None = None) -> None:
        """Set its last state: sent, uncertain or failed."""
        await self._note("finish", message, state=state, error=error)

    async def _make_up(self) -> None:
        """Write what an earlier connection could not. What was written all the same is not changed by that."""
        while self._unwritten:
            query, parameters = self._unwritten[0]
            try:
                await self._do(query, **parameters)
            except CONNECTION_ERRORS:
                raise
            except DatabaseError as error:
                log.error("what became of message %s is not written: %s", parameters["id"], one_line(error))
            del self._unwritten[0]

    @contextmanager
    def _kept(self, query: str, message: Leased, **parameters: Any) -> Iterator[None]:
        """Where the connection is lost inside, this is to be written by the next one."""
        try:
            yield
        except CONNECTION_ERRORS:
            about = {"id": message.id, "fencing_token": message.fencing_token}
            self._unwritten.append((query, about | parameters))
            raise

    async def _known(self, query: str, message: Leased, **parameters: Any) -> None:
        """Write what is known for sure: now, or by the next connection."""
        with self._kept(query, message, **parameters):
            await self._note(query, message, **parameters)

    async def _about(self, query: str, message: Leased, **parameters: Any) -> Sequence[Any]:
        """The rows of a query about a message, by the sender that was given this lease."""
        return await self._ask(query, id=message.id, fencing_token=message.fencing_token, **parameters)

    async def _note(self, query: str, message: Leased, **parameters: Any) -> None:
        """Write about a message, as the sender that was given this lease."""
        await self._do(query, id=message.id, fencing_token=message.fencing_token, **parameters)

    async def _ask(self, query: str, **parameters: Any) -> Sequence[Any]:
        return await fetched(self._connection, _SQL[query], parameters)

    async def _do(self, query: str, **parameters: Any) -> None:
        await self._connection.execute(_SQL[query], parameters)
