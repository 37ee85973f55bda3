"""What ghosts say is told to who asked, each record once: in the transaction in which it is taken from the tape."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from desk.alerting.target import Done
from desk.ghosts.asked import SQL
from desk.ghosts.news import LINE_RECORD, News, Whose, said_by_ends, told
from desk.ghosts.recording import cancel_again
from desk.settings import ROOM
from outbox.outbox import Outbox
from outbox.policies import ALERT, RING
from signaltape.emitter import Emitter
from signaltape.notices import Notices
from signaltape.plain_errors import one_line
from sink.db import Connection, rows_as_dicts
from sink.outgoing import Committing


class Telling:
    """For any number of connections. Nobody is asked whether all is paused: what was asked for is told all the same.

    tape: told to cancel again what begins though it was cancelled.
    """

    def __init__(self, tape: Emitter) -> None:
        self._tape = tape
        self._notices = Notices()

    def tell(self, connection: Connection, news: Sequence[News], now: datetime) -> Done:
        """Tell what there is to be told. Within a transaction. Raises DatabaseError."""
        if not news:
            return Done()
        rows = rows_as_dicts(connection, SQL["whose"], {"ids": [one.about for one in news]})
        whose = {(row["id"], row["kind"]): msgspec.convert(row, Whose) for row in rows}
        passed = said_by_ends(news)
        done = untold = 0
        for one in news:
            found = whose.get((one.about, one.kind))
            if found is not None:
                self._note(connection, one, found)
            is_told = found is not None and found.is_told(one) and one.record_id not in passed
            if found is not None and is_told and one.not_after > now:
                done += self._put(connection, one, found, now)
            elif one.event == LINE_RECORD and one.is_told:
                untold += 1
                self._say(one, found)
        return Done(told=done, untold=untold)

    def _note(self, connection: Connection, one: News, whose: Whose) -> None:
        """What it means for what was asked for, whether it is told or not."""
        cancel_again(Committing(connection, self._tape, ROOM), one, whose)
        if one.ends:
            connection.execute(SQL["became"], {"id": one.about, "became": one.said.what, "at": one.at})

    def _put(self, connection: Connection, news: News, whose: Whose, now: datetime) -> bool:
        outbox = Outbox(connection)
        chat_ids = outbox.ids_of(whose.chat_id)
        try:
            text = told(news, whose, now)
        except Exception as error:  # noqa: BLE001 - whatever it holds, the others are told
            self._notices.say(
                "not told", f"{news.said.what} of {news.about} cannot be told: {one_line(error)}"
            )
            return False
        return outbox.enqueue(
            f"ghost:{news.record_id}", chat_ids[-1], text, news.not_after, kind=RING if news.rings else ALERT,
            thread_id=whose.thread_id, reply_to=_alert(connection, whose, chat_ids), ref=whose.ref_id,
        )  # fmt: skip

    def _say(self, one: News, found: Whose | None) -> None:
        why = "it was not asked for by the bot" if found is None else "it comes too late"
        self._notices.say("line not told", f"line {one.about} {one.said.what}, and nobody is told: {why}")


def _alert(connection: Connection, whose: Whose, chat_ids: Sequence[str]) -> str | None:
    """The message of its alert, where that stands in the chat: else a reply would wait for it, and end with it."""
    if whose.ref_id is None:
        return None
    asked = {"ref_id": whose.ref_id, "chat_ids": list(chat_ids)}
    row = connection.execute(SQL["message"], asked).fetchone()
    return row[0] if row else None
