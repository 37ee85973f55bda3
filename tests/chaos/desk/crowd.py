"""People who click and ask, strangers among them; and what must have come of everything they did."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, NamedTuple

from tests.chaos.desk.run import ADMIN, STRANGERS, TRADER, VIEWER, Run, chats_of
from tests.support.botapi_updates import GROUP as ELSEWHERE

#: What a button says and what is kept of it.
WORDS = {
    "up": ("rating", "up"),
    "dn": ("rating", "down"),
    "took": ("took", "took"),
    "skip": ("took", "skipped"),
}
THUMBS = {"👍": "up", "👎": "down"}
ASKING = ("/status", "/held", "/help", "/signals", "/processes", "/pnl")
RISKS = ("0.5", "0.75", "1.0", "1.25", "1.5", "1.75")
FORGED = (
    "a:chaos_99999:up",
    "a:../etc:up",
    "c:AAAAAAAAAAAAAAAAAAAA:yes",
    "p:panic:",
    "p:risk:2.0",
    "\x00",
    "a:" + "x" * 60,
)


class Judged(NamedTuple):
    """A press that counts: the answer to a question of an alert."""

    ref: str
    user: int
    kind: str
    value: str
    via: str


class Done(NamedTuple):
    """Something that somebody did. update_id: Telegram's.

    what: risk, snooze, asked, refused (a word to somebody who may not), judged, forged, stranger.
    value: of /risk; of /snooze where and what; of a judgement what it says.
    """

    update_id: int
    user: int
    what: str
    value: Any = None


class Crowd:
    """Does one thing after another. where: alerts that stand, by reference: chat → number of the message."""

    def __init__(self, run: Run, where: dict[str, dict[int, int]]) -> None:
        self.done: list[Done] = []
        self._server, self._chance = run.server, random.Random(run.chance.random())
        self._where = where
        #: of those that are pressed often enough that the last click can differ from the first; others are reacted to
        self._pressed, self._reacted = sorted(where)[:40], sorted(where)[40:80]
        self._reactions: dict[tuple[str, int], str] = {}
        self._doings = (
            (50, self._press),
            (8, self._react),
            (8, self._risk),
            (8, self._ask),
            (4, self._snooze),
            (4, self._snooze_by_button),
            (6, self._viewer),
            (4, self._forge),
            (8, self._stranger),
        )

    def act(self) -> None:
        """One more thing."""
        weights, doings = zip(*self._doings, strict=True)
        self.done.append(self._chance.choices(doings, weights)[0]())

    def count(self) -> Counter[str]:
        """Of what there were how many."""
        return Counter(one.what for one in self.done)

    def _some(self, refs: list[str]) -> tuple[str, int, int]:
        ref = self._chance.choice(refs)
        chat = self._chance.choice(sorted(self._where[ref]))
        return ref, chat, self._where[ref][chat]

    def _press(self) -> Done:
        user, word = self._chance.choice((ADMIN, TRADER)), self._chance.choice(list(WORDS))
        ref, chat, message_id = self._some(self._pressed)
        number = self._server.press(user, f"a:{ref}:{word}", message_id, chat=chat)
        return Done(number, user, "judged", Judged(ref, user, *WORDS[word], "button"))

    def _react(self) -> Done:
        """Each to a message that nobody presses: what is said of a whole second has no order beside a press."""
        ref, chat, message_id = self._some(self._reacted)
        emoji = self._chance.choice(list(THUMBS))
        number = self._server.react(ADMIN, message_id, emoji, chat=chat)
        return Done(number, ADMIN, "judged", Judged(ref, ADMIN, "rating", THUMBS[emoji], "reaction"))

    def _risk(self) -> Done:
        user, value = self._chance.choice((ADMIN, TRADER)), self._chance.choice(RISKS)
        return Done(self._server.say(user, f"/risk {value}"), user, "risk", value)

    def _ask(self) -> Done:
        user, what = self._chance.choice((ADMIN, TRADER, VIEWER)), self._chance.choice(ASKING)
        return Done(self._server.say(user, what), user, "asked", what)

    def _snooze(self) -> Done:
        user, category = self._chance.choice((ADMIN, TRADER)), self._chance.choice(("sniper", "scalp"))
        number = self._server.say(user, f"/snooze 15 {category}")
        return Done(number, user, "snooze", (str(user), category))

    def _snooze_by_button(self) -> Done:
        ref, chat, message_id = self._some(self._pressed)
        category = next(
            one for one in ("institutional", "sniper", "scalp", "health") if chat in chats_of(one)
        )
        number = self._server.press(TRADER, f"a:{ref}:sn30", message_id, chat=chat)
        return Done(number, TRADER, "snooze", (str(chat), category))

    def _viewer(self) -> Done:
        if self._chance.random() < 0.5:
            ref, chat, message_id = self._some(self._pressed)
            number = self._server.press(VIEWER, f"a:{ref}:up", message_id, chat=chat)
        else:
            number = self._server.say(VIEWER, self._chance.choice(("/risk 2.0", "/panic", "/snooze 30")))
        return Done(number, VIEWER, "refused")

    def _forge(self) -> Done:
        user, data = self._chance.choice((ADMIN, TRADER)), self._chance.choice(FORGED)
        return Done(self._server.press(user, data, 100), user, "forged", data)

    def _stranger(self) -> Done:
        user = self._chance.choice(STRANGERS)
        dice = self._chance.random()
        if dice < 0.4:
            ref, chat, message_id = self._some(self._pressed)
            number = self._server.press(
                user, f"a:{ref}:{self._chance.choice(list(WORDS))}", message_id, chat=chat
            )
        elif dice < 0.6:
            _, chat, message_id = self._some(self._reacted)
            number = self._server.react(user, message_id, "👎", chat=chat)
        else:
            text = self._chance.choice(("/risk 2.0", "/panic", "/status", "/snooze 30", "hello"))
            number = self._server.say(user, text, chat=self._chance.choice((None, ELSEWHERE)))
        return Done(number, user, "stranger")


def judgements(done: list[Done]) -> dict[int, tuple[str, int, str, str]]:
    """What must be kept of each update that judged: reference, user, question, and what is said by then.

    A second press on the same button takes it back; a second reaction of the same kind changes nothing.
    """
    said: dict[tuple[str, int, str], str] = {}
    kept = {}
    for one in sorted(done):
        if one.what != "judged":
            continue
        ref, user, kind, value, via = one.value
        before = said.get((ref, user, kind), "none")
        if before == value and via == "reaction":
            continue
        said[ref, user, kind] = "none" if before == value else value
        kept[one.update_id] = (ref, user, kind, said[ref, user, kind])
    return kept
