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
#: A line that names more things than this tells nothing of any.
_MOST_NAMES = 12

_LINE = re.compile(r"step +(\d+) +([\d.]+)s  (.*?): (.*)", re.DOTALL)
#: What a run calls things: ids of signals and records, of entries, of events by their engine and number.
_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b\d{12,}-\d+\b|[\w-]+/\d+-\d+")
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
        """The things it tells of."""
        return set(_NAME.findall(self.what))

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
    return "\n".join(
        [
            *told,
            *_where_each_stood(outcome),
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
    """The names in a violation's text, and what those are called elsewhere."""
    names = set(_NAME.findall(text))
    for _ in range(2):
        for line in told:
            if len(line.names) <= _MOST_NAMES and names & line.names and not line.what.startswith("says"):
                names |= line.names if len(line.names) <= 2 else set()
    return names


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
    return set().union(*(line.names for line in told[-20:] if len(line.names) <= 2))


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
