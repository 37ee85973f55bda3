"""What troubles an outbox as a whole: tables and chats that are away, chats that move, clocks, people."""

from __future__ import annotations

from typing import Any

from outbox import sender
from tests.simulation.kernel.machines import NS, Process
from tests.simulation.postgres_session import Session
from tests.simulation.telegram import STUB_END, Chat, Message
from tests.simulation.worlds.nemesis import Nemesis
from tests.simulation.worlds.outbox_audit import OutboxAudit
from tests.simulation.worlds.outbox_base import OutboxBase

_ANSWERS = (
    (403, "Forbidden: bot was blocked by the user"),
    (403, "Forbidden: bot was kicked from the supergroup chat"),
    (400, "Bad Request: chat not found"),
    (404, "Not Found"),
    (400, "Bad Request: not enough rights to send text messages to the chat"),
)
#: How far a clock is set: with the last, times that were written lie far ahead or behind.
_JUMPS_S = (0.5, 5.0, 70.0, 3600.0, 3600.0)
#: Within so long a report is put in again by its chat's new id, mostly.
_ASKED_WITHIN_S = 20.0
#: How long senders die that are not spared after a clock was set: they are started again within so long.
_DYING_S = 20.0


class OutboxNemesis(Nemesis):
    """Draws a trouble every so often."""

    def __init__(self, world: OutboxBase, audit: OutboxAudit) -> None:
        super().__init__(world)  # type: ignore[arg-type]
        self._outbox = world
        self._audit = audit
        #: whether faults have ended for good
        self.over = False
        self._acts = {
            "Postgres away": self._away,
            "Telegram away": self._telegram_away,
            "wrong token": self._wrong_token,
            "chat refuses": self._chat_refuses,
            "chat moves": self._chat_moves,
            "message deleted": self._delete,
            "clock jumps": self._jump,
            "senders die": self._die,
            "asked to stop": self._stop,
            "calm": self._calm,
        }
        world.database.on_overtaken = self._overtaken

    def _telegram_away(self, seconds: float) -> str:
        return self._while(self._outbox.telegram, "away", True, False, seconds, "Telegram away")

    def _wrong_token(self, seconds: float) -> str:
        return self._while(self._outbox.telegram, "wrong_token", True, False, seconds, "wrong token")

    def _chat_refuses(self, seconds: float) -> str:
        chat = self._any_chat()
        return self._while(
            chat, "refuses", self._chance.choice(_ANSWERS), None, seconds, f"{chat.id} refuses"
        )

    def _chat_moves(self, seconds: float) -> str:
        world, chat = self._outbox, self._any_chat()
        new_id = world.telegram.move(chat)
        if new_id is not None and self._chance.random() < 0.5:
            world.configured[chat.family] = new_id  # somebody sees it before any sender is told
            waiting = self._audit.waiting_unbegun(chat.id)
            if waiting and self._chance.random() < 0.7:  # and asks for a report that waits under the old id
                week = self._chance.choice(waiting).told_week
                assert week is not None
                world.asked_again[chat.family] = week
                return self._telegram_away(min(seconds, _ASKED_WITHIN_S))
        return "moved"

    def _delete(self, _seconds: float) -> str:
        """A person deletes a message, mostly a stub, or a text of which no sender has noted yet that it stands."""
        chat = self._any_chat()
        standing = [(number, one) for number, one in chat.messages.items() if not one.deleted]
        stubs = [(number, one) for number, one in standing if one.text.endswith(STUB_END)]
        unnoted = self._unnoted(chat)
        among = self._chance.choice((unnoted or stubs, unnoted or stubs, stubs, standing))
        if among:
            self._delete_one(chat, *self._chance.choice(among))
        return "deleted"

    def _overtaken(self, session: Session, name: str) -> None:
        """A sender stands still before it notes that a text stands: somebody may delete that meanwhile."""
        if name != "outbox.filled" or session.holding is None:
            return
        chat = self._outbox.telegram.chats[self._audit.rows[session.holding].chat_id]
        texts = [found for found in self._unnoted(chat) if found[1].call.outbox_id == session.holding]
        if texts and self._outbox.faults.chance("overtaken").random() < 0.7:
            self._delete_one(chat, *texts[0])

    def _unnoted(self, chat: Chat) -> list[tuple[int, Message]]:
        """Texts that stand, as far as no sender has noted it."""
        rows = self._audit.rows
        return [
            (number, one)
            for number, one in chat.messages.items()
            if not one.deleted
            and not one.text.endswith(STUB_END)
            and number in (row := rows[one.call.outbox_id]).message_ids[row.filled :]
        ]

    def _delete_one(self, chat: Chat, number: int, message: Message) -> None:
        message.deleted = True
        self._outbox.story.tell("Telegram", f"message {number} of {chat.id} is deleted")

    def _jump(self, _seconds: float) -> str:
        machines = sorted(self._outbox.machines)
        name = self._chance.choice(("database-host", "database-host", self._chance.choice(machines)))
        self._set_clock(name, self._chance.choice((-1, -1, 1)) * self._chance.choice(_JUMPS_S))
        return "jumped"

    def amid_a_report(self) -> None:
        """A report is about to be put in again: in this moment the clock of the tables may be set back."""
        if self._outbox.faults.strikes("clock set amid a report"):
            self._set_clock("database-host", -_JUMPS_S[-1])

    def _set_clock(self, name: str, by_s: float) -> None:
        world = self._outbox
        world.machines[name].ahead_ns += int(by_s * NS)
        world.story.tell("world", f"the clock of {name} jumps by {by_s} s")
        if name == "database-host":
            self._audit.database_clock_jumped()
            if self._chance.random() < 0.5 and world.faults.happens("senders die", "the clock was set"):
                self._die(_DYING_S)

    def _die(self, seconds: float) -> str:
        """For a while no sender lives for long."""
        world = self._outbox
        end_ns = world.scheduler.now_ns + int(seconds * NS)
        lives_s = self._chance.choice((0.5, 3.0, 10.0))

        def kill() -> None:
            while world.faults.active and world.scheduler.now_ns < end_ns:
                for program in world.senders:
                    if program.process is not None:
                        world.story.tell("world", f"{program.process.name} dies")
                        program.process.kill()
                world.disturb()
                world.scheduler.sleep("the next death", lives_s * 2 * self._chance.random())

        process = Process(world.machine("nowhere"), "death")
        process.killable = False
        process.start(kill)
        return "death"

    def _calm(self, _seconds: float) -> str:
        """Nothing goes wrong until all is at its end: for then it must come to it."""
        world, usual_s = self._outbox, sender.IDLE_S
        world.calm_down()
        world.faults.active = False
        world.disturb()
        end_ns = world.scheduler.now_ns + int((world.enough_s + 60) * NS)
        while not self.over and world.scheduler.now_ns < end_ns and not self._audit.nothing_left():
            world.scheduler.sleep("the end of a calm", 10.0)
        if not self.over:
            world.faults.active = True
            sender.IDLE_S = usual_s
        return "calm"

    def _any_chat(self) -> Chat:
        return self._chance.choice(
            [chat for chat in self._outbox.telegram.chats.values() if chat.moved_to is None]
        )

    def _while(self, owner: Any, name: str, value: Any, after: Any, seconds: float, what: str) -> str:
        setattr(owner, name, value)
        return self._for(seconds, lambda: setattr(owner, name, after), what)
