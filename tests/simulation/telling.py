"""A violation as a story that a person can follow: what concerns it, with the rest folded."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.simulation.runs import Outcome

#: A run is told in so many lines at most; those in the middle go.
_MOST_LINES = 120
#: Of each task, so many last lines.
_LAST_LINES = 2

_LINE = re.compile(r"step +(\d+) +([\d.]+)s  (.*?): (.*)", re.DOTALL)
#: What a run calls things: an event by engine and number, an entry by id and stream, a signal or record by its id.
_EVENT = re.compile(r"[\w-]+/\d+-\d+")
_ENTRY = re.compile(r"\d{12,}-\d+ of [^\s,;)]+")
_SIGNAL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What Redis says that a group is done with.
_DONE = re.compile(r"\w+ acknowledges of (\S+): (.*)")
#: Who tells what always matters.
_ALWAYS = ("fault ", "supervisor", "world", "VIOLATION")
#: What engines, Redis and Postgres did with one event: told only of those concerned.
_DETAIL = re.compile(r"emits? |is \d+-\d+ of|acknowledges|is committed as|removes ")


class Told(NamedTuple):
    """One line of a story, taken apart."""

    step: int
    who: str
    what: str
    text: str
    times: int = 1
    until: int = 0

    @property
    def speaker(self) -> str:
        """Who tells it; faults of one kind are one."""
        return re.sub(r"\d+, ", "", self.who) if self.who.startswith("fault ") else self.who

    @property
    def names(self) -> set[str]:
        """The events and entries it tells of."""
        if done := _DONE.fullmatch(self.what):
            return {f"{entry_id} of {done[1]}" for entry_id in done[2].split()}
        return {*_EVENT.findall(self.what), *_ENTRY.findall(self.what)}

    @property
    def shape(self) -> tuple[str, str]:
        """What is the same in lines that say the same."""
        return self.speaker, re.sub(r"[0-9a-f-]{8,}|[\d.]+", "", self.what)

    def __str__(self) -> str:
        return self.text if self.times == 1 else f"{self.text} ({self.times} times, up to step {self.until})"


def tell(outcome: Outcome, *, whole: bool = False) -> str:
    """What happened, and how to repeat it. whole: every line."""
    violation = outcome.violation
    assert violation is not None
    told = outcome.story if whole else list(map(str, _middle_out(shorten(_kept(outcome)))))
    stood = [line for line in _where_each_stood(outcome) if line.strip() not in told]
    return "\n".join(
        [
            *told,
            *stood,
            f"❌ {violation.invariant}: {violation.text}",
            f"{len(outcome.faults)} faults, {outcome.steps} steps. Again: {outcome.run.command}",
        ]
    )


def read(story: Sequence[str]) -> list[Told]:
    """The lines of a story, taken apart; what has another form is nobody's."""
    told = []
    for text in story:
        found = _LINE.fullmatch(text)
        told.append(Told(int(found[1]), found[3], found[4], text) if found else Told(0, "", text, text))
    return told


def concerned(told: Sequence[Told], text: str) -> set[str]:
    """The events and entries in a violation's text, and what those are called elsewhere."""
    names = Told(0, "", text, text).names
    if not names:
        signals = set(_SIGNAL.findall(text))
        names = set().union(*(line.names for line in told if signals & set(_SIGNAL.findall(line.what))))
    events = {name for name in names if _EVENT.fullmatch(name)}
    for line in told:
        if line.who == "Redis" and not _DONE.fullmatch(line.what) and names & line.names:
            events |= {name for name in line.names if _EVENT.fullmatch(name)}
    return names.union(*(line.names for line in told if line.who == "Redis" and events & line.names), events)


def shorten(told: Sequence[Told]) -> list[Told]:
    """What one says again and again, with nothing else said by it in between, is one line."""
    kept: list[Told] = []
    last: dict[str, int] = {}
    times: Counter[int] = Counter()
    for line in told:
        place = last.get(line.speaker)
        if place is not None and kept[place].shape == line.shape:
            times[place] += 1
            kept[place] = kept[place]._replace(until=line.step)
            continue
        last[line.speaker] = len(kept)
        kept.append(line)
    return [line._replace(times=times[place] + 1) for place, line in enumerate(kept)]


def _kept(outcome: Outcome) -> list[Told]:
    assert outcome.violation is not None
    told = read(outcome.story)
    names = concerned(told, outcome.violation.text)
    if not names and told:
        names = _recent_names(told)
    return [line for line in told if _matters(line, names)]


def _matters(line: Told, names: set[str]) -> bool:
    if line.who.startswith(_ALWAYS) or not line.who:
        return True
    if _DETAIL.search(line.what):
        return bool(names & line.names) or line.what.startswith("removes")
    return True


def _recent_names(told: Sequence[Told]) -> set[str]:
    """Of a violation that names nothing: what the last lines are about."""
    return set().union(*(line.names for line in told[-20:] if line.who != "Postgres"))


def _middle_out(told: list[Told]) -> list[Told]:
    """Begin and end of what is too long."""
    if len(told) <= _MOST_LINES:
        return told
    head, tail = _MOST_LINES // 4, _MOST_LINES * 3 // 4
    left_out = len(told) - head - tail
    return [
        *told[:head],
        Told(0, "", "", f"{'':>21}  … {left_out} lines left out (--whole tells all) …"),
        *told[-tail:],
    ]


def _where_each_stood(outcome: Outcome) -> Iterator[str]:
    """Each task that ran at the end: what it was about to do, and its last words."""
    if not outcome.whereabouts:
        return
    last: defaultdict[str, list[Told]] = defaultdict(list)
    for line in read(outcome.story):
        last[line.who].append(line)
    yield "where each stood:"
    for place in outcome.whereabouts:
        yield f"  {place}"
        task = place.partition(" at ")[0]
        for line in shorten(last.get(task, []))[-_LAST_LINES:]:
            yield f"      {line}"
