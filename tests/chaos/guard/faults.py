"""Every alert of the shipped rules, fired for real and ended: all faults side by side, in twenty minutes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from guard.model.rules import Rule, Rules
from guard.rules_file import rules_in_force
from signaltape.clock import utc_now
from tests.chaos.guard.fault import Fault, ends_in_a_run, fires_within, note, untold, wrong
from tests.chaos.guard.script import faults_of
from tests.chaos.guard.world import World, a_world

_LOOK_EVERY_S = 2.0
#: Engines are measured for so long before anything goes wrong: what was never there cannot be missed.
_WELL_S = 30.0
_WITHIN_S = 1_700.0
#: What is mended sooner is over before anybody could be told.
_TOLD_WITHIN = timedelta(seconds=40)
#: Of the short run: rules that fire, and end, within so long.
_SHORT = timedelta(seconds=200)
Say = Callable[[str], None]


class FaultsCounted(NamedTuple):
    """What the run came to. rules: how many fired, and how many of those that can ended; guard_mib: at its highest."""

    took_s: float
    fired: int
    ended: int
    guard_mib: float
    lines: list[str]
    wrong: list[str]


def run_faults(say: Say, *, short: bool = False, rule: str = "") -> FaultsCounted:
    """All of it; in a third of the time, what is quick; or what one rule rings for. say: told of each thing."""
    rules, began = rules_in_force({}), time.monotonic()
    with a_world() as world:
        world.rig.run_to_its_end("sink", "migrate")
        world.fill_the_stream()
        world.measure_long_ago()
        world.start()
        guard = world.start_guard()
        faults = _chosen(faults_of(world), rules, short=short, rule=rule)
        time.sleep(_WELL_S)  # all is well
        _let_happen(world, faults, rules, say)
        guard.note_memory()
        world.end()
        troubles = [
            *(() if short or rule else _missing(faults, rules)),
            *(line for one in faults for line in wrong(one, rules.rule)),
        ]
        troubles += untold(world.found(), rules.rule, rules.gather)
        if not guard.running:
            troubles.append(f"the guard ended by itself: {guard.last_line()}")
        troubles += world.rig.stop_all()
    fired = sum(len(one.fired) for one in faults)
    over = sum(len(one.over) for one in faults)
    took_s = time.monotonic() - began
    return FaultsCounted(
        took_s, fired, over, guard.peak_rss_kib / 1024, list(_lines(faults, rules)), troubles
    )


def _let_happen(world: World, faults: list[Fault], rules: Rules, say: Say) -> None:
    """Begin each in its time, heal it once its rules fire, until all is over."""
    began, blind_s = time.monotonic(), math.inf
    while time.monotonic() - began < _WITHIN_S and not all(_is_done(one, rules) for one in faults):
        at_s = time.monotonic() - began
        if all(_is_done(one, rules) for one in faults if not one.blinds):
            blind_s = min(blind_s, at_s)
        found = world.found()
        for fault in faults:
            before = len(fault.fired), len(fault.over)
            note(fault, found)
            _step(fault, at_s, blind_s if fault.blinds else 0.0, say)
            if (len(fault.fired), len(fault.over)) != before:
                say(f"{at_s:5.0f} s  {fault.name}: fired {sorted(fault.fired)}, over {sorted(fault.over)}")
        time.sleep(_LOOK_EVERY_S)  # between two looks


def _step(fault: Fault, at_s: float, from_s: float, say: Say) -> None:
    """from_s: where its `after_s` is counted from."""
    if fault.began_at is None and at_s >= from_s + fault.after_s:
        fault.began_at = utc_now()
        fault.begin()
        say(f"{at_s:5.0f} s  {fault.name}")
    elif fault.began_at is not None and fault.healed_at is None and _is_told(fault):
        fault.heal()
        fault.healed_at = utc_now()
        say(f"{at_s:5.0f} s  healed: {fault.name}")


def _is_told(fault: Fault) -> bool:
    """Whether all of its rules fire, and have for long enough to be told."""
    since = max(fault.fired.values(), default=utc_now() - _TOLD_WITHIN)
    return fault.fired.keys() == fault.fires.keys() and utc_now() - since >= _TOLD_WITHIN


def _chosen(faults: list[Fault], rules: Rules, *, short: bool, rule: str) -> list[Fault]:
    """short: those whose rules fire and end soon. rule: those that make it fire."""
    if rule:
        return [one for one in faults if rule in one.fires]
    if short:
        return [one for one in faults if all(_is_quick(rules.rule[name]) for name in one.fires)]
    return faults


def _is_quick(rule: Rule) -> bool:
    return fires_within(rule) <= _SHORT and rule.resolve_after <= _SHORT


def _is_done(fault: Fault, rules: Rules) -> bool:
    ends = {name for name in fault.fires if ends_in_a_run(rules.rule[name])}
    return fault.healed_at is not None and ends <= fault.over.keys()


def _missing(faults: list[Fault], rules: Rules) -> Iterator[str]:
    """Rules that the run does not try."""
    tried = {name for one in faults for name in one.fires}
    return (f"{name} is tried by no fault" for name in rules.rule if name not in tried)


def _lines(faults: list[Fault], rules: Rules) -> Iterator[str]:
    """Of each rule how long it took to fire, and to end."""
    for fault in faults:
        for name in fault.fires:
            fired, over = fault.fired.get(name), fault.over.get(name)
            fires = f"{(fired - fault.began_at).total_seconds():.0f} s" if fired and fault.began_at else "not"
            ends = f"{(over - fault.healed_at).total_seconds():.0f} s" if over and fault.healed_at else "not"
            lasting = (
                ""
                if ends_in_a_run(rules.rule[name])
                else "  (a window of hours or days: proven on the model)"
            )
            yield f"{name:18} fired after {fires:>6}, over after {ends:>6}{lasting}"
