"""/processes: who is there, how long, what each does by the last word of control."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from desk.answers.answering import as_of, button, wrong
from desk.answers.page import Page, name
from desk.answers.reading import asking_redis
from desk.asking import Answer, Asking
from outbox.text import Text
from outbox.wording import duration
from signaltape.control import Process, Standing, standing

COMMAND = "processes"
_SHOWN = 8


def processes(asking: Asking) -> Answer:
    """Who is there."""
    if asking.args:
        raise wrong("it takes no argument", "/processes")
    with asking_redis(asking.settings) as client:
        found = standing(client, asking.settings.stream)
    return Answer(told(found, asking.now), [[button("Status", "status"), button("Refresh", COMMAND)]])


def told(found: Standing, now: datetime) -> Text:
    """The answer."""
    gone = [one for one in found.processes if one.is_gone(found.now_ms)]
    there = [one for one in found.processes if one not in gone]
    silent = [one for one in there if one.is_silent(found.now_ms)]
    behind = [one for one in there if one not in silent and _is_behind(one, found)]
    page = Page(f"Processes · {headline(found, there, silent, behind)}")
    if not there:
        page.line("Nobody shows itself in Redis.")
    ordered = [*silent, *behind, *(one for one in there if one not in (*silent, *behind)), *gone]
    page.table([_row(one, found) for one in ordered[:_SHOWN]], right=(2,))
    more = len(ordered) - _SHOWN
    page.line(f"and {more} more" if more > 0 else "").line(_named("Silent", silent)).line(
        _named("Gone", gone)
    )
    page.line(as_of(now))
    return page.quote("Each of them", [line for one in ordered for line in _sentences(one, found)]).build()


def headline(
    found: Standing, there: Sequence[Process], silent: Sequence[Process], behind: Sequence[Process]
) -> str:
    """`9 there`, or how many do not answer."""
    count = len(there)
    if silent:
        return f"{len(silent)} of {count} silent"
    if behind:
        return f"{len(behind)} of {count} not answered"
    paused = found.control is not None and found.control.paused
    return f"{count} there{', all paused' if paused and count else ''}" if count else "none"


def _is_behind(one: Process, found: Standing) -> bool:
    """Whether it does not follow the last word yet."""
    return found.control is not None and not one.has_answered(found.control.epoch)


def _row(one: Process, found: Standing) -> tuple[str, str, str]:
    state = _state(one, found)
    since = one.seen_ms if state in ("gone", "silent") else one.started_ms
    return name(one.role, 11), state, duration(max(0, found.now_ms - since))


def _state(one: Process, found: Standing) -> str:
    if one.is_silent(found.now_ms):
        return "gone" if one.is_gone(found.now_ms) else "silent"
    return "behind" if _is_behind(one, found) else one.state


def _named(word: str, some: Sequence[Process]) -> str:
    return f"{word}: {', '.join(name(one.name, 28) for one in some[:2])}" if some else ""


def _sentences(one: Process, found: Standing) -> list[str]:
    version = f", {name(one.version, 12)}" if one.version else ""
    seen, up = one.age_ms(found.now_ms), max(0, found.now_ms - one.started_ms)
    return [
        f"{name(one.role, 20)} {one.pid}{version}",
        f"   on {name(one.host, 24)}",
        f"   {one.state}, seen {duration(seen)} ago, up {duration(up)}",
    ]
