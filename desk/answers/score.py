"""/score and /week: the scorecard of the week so far, or of any week with its picture, as the report says it."""

from __future__ import annotations

import re
from datetime import datetime

from desk.answers.answering import button, wrong
from desk.answers.reading import bounded
from desk.asking import Answer, Asking
from outbox.keyboard import Keyboard
from outbox.outbox import File
from outbox.text import Text
from reports.operations.scorecards import Computed, scorecard
from reports.operations.shown import Week, message, newest_whole, picture, week_named, week_of
from signaltape.errors import InvalidRequest, Unavailable

SCORE, WEEK = "score", "week"
_EXAMPLE = "/week 2022-W03"
#: `W3`, `w03` and `3` are weeks of this year.
_SHORT = re.compile(r"[Ww]?([0-9]{1,2})")
_NO_PICTURE = "The picture could not be drawn; the log says why."


def score(asking: Asking) -> Answer:
    """The week so far."""
    with bounded():
        found = scorecard(asking.settings, asking.now, course=False, store=False)
    before = found.card.week.earlier(1).name
    return Answer(message(found), [[button(before, WEEK, before), button("Refresh", SCORE)]])


def week(asking: Asking) -> Answer:
    """A week, else the last one that is over, with its picture; a button changes the words, and sends no picture."""
    wanted = asked_week(asking.args, asking.now)
    draws = not asking.refreshing
    with bounded():
        found = scorecard(asking.settings, asking.now, wanted, course=draws, store=False)
    text, files = message(found), []
    if draws:
        try:
            files = [File("photo", f"scorecard-{wanted.name}.png", picture(found, "png"))]
        except Unavailable:
            text = _and(text, _NO_PICTURE)
    return Answer(text, _turning(found, asking.now), files)


def asked_week(args: list[str], now: datetime) -> Week:
    """`2022-W03`, `W3`, `3`, or nothing for the last week that is over. Raises InvalidRequest."""
    if not args:
        return newest_whole(now)
    short = _SHORT.fullmatch(args[0])
    text = f"{week_of(now).name[:4]}-W{int(short[1]):02d}" if short else args[0].upper()
    try:
        return week_named(text)
    except InvalidRequest:
        raise wrong("a week is its year and number", _EXAMPLE) from None


def _turning(found: Computed, now: datetime) -> Keyboard:
    """The weeks beside this one."""
    this = found.card.week
    buttons = [button(f"◀ {this.earlier(1).name}", WEEK, this.earlier(1).name)]
    if this < week_of(now):
        buttons.append(button(f"{this.earlier(-1).name} ▶", WEEK, this.earlier(-1).name))
    return [buttons]


def _and(text: Text, line: str) -> Text:
    return Text(f"{text.text}\n\n{line}", text.entities)
