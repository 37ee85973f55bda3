"""How a message that stands is edited: the newest revision is the last that is called, whatever came of older ones.

An edit can be repeated at will, so what has no answer is tried again. But a call without an answer may arrive late, and
behind a newer one: so the newest is called once more when nothing older can arrive any more (`edit_leases.LATE_S`).
Who edits holds a lease on it, and calls for one message are never made side by side.
"""

from __future__ import annotations

import logging
import time

from outbox.edit_leases import LeasedEdit
from outbox.judging import CallOutcome, Reply, one_line
from outbox.marking import fitted, marked, parts_of
from outbox.outbox import REPORT
from outbox.sending import BEGINS_WITHIN_S, URGENT_WAIT_S, NotNow, Sending
from outbox.text import Text
from sink.db import CONNECTION_ERRORS

log = logging.getLogger("reports")


class Editing:
    """Makes the edits that are due, one at a time. sending: the steps that all calls share."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._edits = sending.leases.edits

    async def step(self) -> bool:
        """Work on one edit that is due. False if there is none. Raises CONNECTION_ERRORS."""
        line = self._sending.line
        edit = await line.do(self._edits.lease)
        if edit is None:
            return False
        try:
            await self._edit(edit)
        except NotNow:
            return True
        except CONNECTION_ERRORS:
            raise
        except Exception as error:
            log.exception("the edit of %s could not be worked on; others go on", edit.message_key)
            await self._retry(edit, Reply(CallOutcome.NOT_SENT, error=f"{type(error).__name__}: {error}"))
            return True
        await line.do(self._edits.done, edit)
        return True

    async def _edit(self, edit: LeasedEdit) -> None:
        for place, part in enumerate(shown(edit)):
            if place >= edit.places:
                await self._turn(edit)
                await self._call(edit, place, part)

    async def _call(self, edit: LeasedEdit, place: int, part: Text) -> None:
        """One message of an edit, with the buttons if it is the last one."""
        sending, message_ids = self._sending, edit.message_ids
        keyboard = edit.keyboard if place == len(message_ids) - 1 else []
        began_s = time.monotonic()
        begun = await sending.line.do(self._edits.begun, edit)
        if not begun or time.monotonic() - began_s > BEGINS_WITHIN_S:
            raise await self._let_go(edit)
        reply = await sending.answer(
            sending.api.edit_message(edit.chat_id, message_ids[place], part, keyboard)
        )
        done = reply.verdict is CallOutcome.DONE
        if reply.verdict is not CallOutcome.UNCERTAIN:
            await sending.line.do(self._edits.answered, edit, place + done)
        if not done:
            raise await self._refused(edit, reply)

    async def _turn(self, edit: LeasedEdit) -> None:
        """Wait for this chat's turn; some are left to what is new."""
        wait_s = await self._sending.reserve(edit.chat_id, URGENT_WAIT_S, is_edit=True)
        if wait_s is not None:
            await self._sending.line.do(self._edits.not_its_turn, edit, wait_s)
            raise NotNow
        if self._sending.stop.is_set():
            raise await self._let_go(edit)

    async def _let_go(self, edit: LeasedEdit) -> NotNow:
        await self._sending.line.do(self._edits.postpone, edit, 0.0)
        return NotNow()

    async def _refused(self, edit: LeasedEdit, reply: Reply) -> NotNow:
        """Write down where an edit stands that is not done."""
        if reply.moved_to is not None:
            await self._sending.note_move(edit.chat_id, reply.moved_to)
        if edit.keyboard and reply.refuses_buttons:
            await self._sending.line.do(self._edits.without_buttons, edit)
            await self._retry(edit, reply)
        elif reply.verdict is CallOutcome.REFUSED:
            log.error("the edit of %s was refused: %s", edit.message_key, reply.error)
            await self._sending.line.do(self._edits.fail, edit, reply.error)
        else:
            await self._retry(edit, reply)
        return NotNow()

    async def _retry(self, edit: LeasedEdit, reply: Reply) -> None:
        wait_s = await self._sending.wait_after(edit.chat_id, edit.failures, reply)
        await self._sending.line.do(self._edits.retry, edit, wait_s, one_line(reply.error))
        log.warning("the edit of %s: trying again in %.0f s: %s", edit.message_key, wait_s, reply.error)


def shown(edit: LeasedEdit) -> list[Text]:
    """What each message of an edit is to hold: one that may repeat another says so still. Pure."""
    parts = fitted(parts_of(edit.text, edit.ref, edit.kind != REPORT), len(edit.message_ids))
    return [marked(part, edit.ref) if place in edit.marks else part for place, part in enumerate(parts)]
