"""Rules out of the text of their file: whatever is wrong is refused with file, rule and field, in one line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from guard.model.check_figures import CHECK_FIGURES
from guard.model.rules import Absent, Burn, Check, Rule, Rules, Threshold
from guard.model.spans import Span, read_span
from signaltape.errors import SettingsError

#: Of quantiles, no more is kept at hand; shares are counted by the minute, and may look back further.
LONGEST_WINDOW = timedelta(minutes=15)
#: Counts of good and bad are kept at hand so long.
LONGEST_COUNTED = timedelta(days=3)
_PLAN = ("gather", "repeat")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_AT = re.compile(r"(?P<words>.*) - at `\$\.?(?P<field>[^`]*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<field>.*)`", re.DOTALL)


def read_rules(text: str, source: str) -> Rules:
    """All rules of a file. source: its name, for errors. Raises SettingsError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{source}: no TOML: {error}") from None
    unknown = next((key for key in document if key not in (*_PLAN, "rule")), None)
    if unknown is not None:
        raise SettingsError(f"{source}: {unknown!r} is no key here: there are gather, repeat and [rule.NAME]")
    rules = dict(_rules(document.get("rule"), source))
    for name, rule in rules.items():
        _refuse_unless_others(name, rule, rules, source)
    plan: Rules = _converted({key: document[key] for key in _PLAN if key in document}, Rules, source)
    return msgspec.structs.replace(plan, rule=rules, source=source)


def _rules(tables: object, source: str) -> Iterator[tuple[str, Rule]]:
    if not isinstance(tables, Mapping) or not tables:
        raise SettingsError(f"{source}: there is no [rule.NAME] in it")
    for name, table in tables.items():
        where = f"{source}: rule {name}"
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{where}: a name is of a-z, 0-9 and -, at most 40 characters")
        if not isinstance(table, Mapping):
            raise SettingsError(f"{where}: must be a table, [rule.{name}]")
        yield name, _rule(dict(table), name, where)


def _rule(table: dict[str, Any], name: str, where: str) -> Rule:
    if "name" in table:
        raise SettingsError(f"{where}, name: the name is that of the table")
    rule: Rule = _converted(table | {"name": name}, Rule, where)
    for field, words in _wrong(rule):
        raise SettingsError(f"{where}, {field}: {words}")
    return rule


def _converted(value: dict[str, Any], to: Any, where: str) -> Any:
    given = value | {"rule": {}} if to is Rules else value
    try:
        return msgspec.convert(given, to, dec_hook=_span)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}{_said(str(error))}") from None


def _span(to: type, value: object) -> Span:
    if to is Span:
        return read_span(value)
    raise NotImplementedError(to)  # so msgspec is told that this is no type of ours


def _said(error: str) -> str:
    """`, alert_above: Expected float, got str`, of what msgspec says."""
    if (at := _AT.fullmatch(error)) and at["field"]:
        return f", {at['field']}: {at['words'].replace('`', '')}"
    if unknown := _UNKNOWN.match(error):
        return f", {unknown['field']}: is no field of this kind of rule"
    if missing := _MISSING.match(error):
        return f", {missing['field']}: is missing"
    return f": {error.replace('`', '')}"


def _wrong(rule: Rule) -> Iterator[tuple[str, str]]:
    """Fields, each with what is wrong with it beside the others."""
    if rule.for_ > LONGEST_WINDOW * 96:
        yield "for", "must be at most 1d"
    match rule:
        case Threshold():
            yield from _wrong_limits(rule)
            yield from _wrong_window(rule)
        case Burn():
            yield from _wrong_burn(rule)
        case Absent() if rule.silent >= rule.within:
            yield "silent", "must be shorter than within"
        case Check():
            yield from _wrong_limits(rule)
            if rule.figure not in CHECK_FIGURES:
                yield "figure", f"is none of {', '.join(CHECK_FIGURES)}"
        case Absent():
            pass


def _wrong_limits(rule: Threshold | Check) -> Iterator[tuple[str, str]]:
    above, below, target = rule.alert_above, rule.alert_below, rule.target
    if (above is None) == (below is None):
        yield "alert_above", "give either alert_above or alert_below"
    if above is not None and target is not None and target > above:
        yield "target", f"must be at most alert_above, {above:g}"
    if below is not None and target is not None and target < below:
        yield "target", f"must be at least alert_below, {below:g}"


def _wrong_window(rule: Threshold) -> Iterator[tuple[str, str]]:
    is_share = rule.value.startswith("share_")
    if rule.window < timedelta(seconds=10):
        yield "window", "must be at least 10s: measurements come that often"
    if rule.window > (LONGEST_COUNTED if is_share else LONGEST_WINDOW):
        yield "window", "must be at most 3d" if is_share else "must be at most 15m, but for shares"
    if rule.min_bad and not is_share:
        yield "min_bad", "only a share has bad requests"
    if is_share and rule.unit != "%":
        yield "unit", "a share is in %"


def _wrong_burn(rule: Burn) -> Iterator[tuple[str, str]]:
    if (rule.slow_above is not None) != (rule.bad == "slow"):
        yield "slow_above", 'is for bad = "slow", and only for that'
    for factor, long, short in rule.windows:
        if not short < long <= LONGEST_COUNTED or short < timedelta(minutes=1):
            yield "windows", "must be (burn rate, long, short), with 1m <= short < long <= 3d"
        if factor * (100 - rule.objective) >= 100:
            yield "windows", f"of {rule.objective:g} % a burn rate of {factor:g} is never reached"


def _refuse_unless_others(name: str, rule: Rule, rules: Mapping[str, Rule], source: str) -> None:
    for other in rule.unless:
        if other not in rules or other == name:
            raise SettingsError(f"{source}: rule {name}, unless: {other!r} is no other rule of this file")
    if name in _silencers(rule, rules):
        raise SettingsError(f"{source}: rule {name}, unless: goes round in a circle")


def _silencers(rule: Rule, rules: Mapping[str, Rule]) -> set[str]:
    """All rules for which this one is silent, straight or by way of others."""
    found: set[str] = set()
    more = set(rule.unless)
    while more:
        found |= more
        more = {name for one in more if one in rules for name in rules[one].unless} - found
    return found
