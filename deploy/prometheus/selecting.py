"""Which series a rule is about: label matchers out of the globs of a rules file. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from guard.model.rules import Measured

#: What means something in the regular expressions of Prometheus (RE2), which match the whole of a label's value.
_META = frozenset("\\.+*?()|[]{}^$")


def matchers(rule: Measured, *more: str) -> list[str]:
    """Of kind, figure and names; what is `*` needs none. more: others, as they are."""
    equal = (("kind", rule.of), ("figure", rule.figure))
    return [*(f"{label}={quoted(value)}" for label, value in equal if value != "*"), *names(rule), *more]


def names(rule: Measured) -> list[str]:
    """Of names alone: for requests, which are of one kind."""
    wanted = [] if "*" in rule.names else [f"name=~{quoted(_either(rule.names))}"]
    return [*wanted, *([f"name!~{quoted(_either(rule.except_))}"] if rule.except_ else [])]


def selected(metric: str, some: Iterable[str]) -> str:
    """A metric with its matchers."""
    inner = ",".join(some)
    return f"{metric}{{{inner}}}" if inner else metric


def quoted(text: str) -> str:
    """As a string of PromQL, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _either(globs: Iterable[str]) -> str:
    return "|".join(map(regex, globs))


def regex(glob: str) -> str:
    """What matches as `fnmatch` does: `*` any text, `?` one sign, `[…]` one of some."""
    made, rest = "", glob
    while rest:
        sign, rest = rest[0], rest[1:]
        if sign == "[" and (end := rest.find("]", 2 if rest[:1] in "!]" else 1)) > 0:
            made += _one_of(rest[:end])
            rest = rest[end + 1 :]
        else:
            made += {"*": ".*", "?": "."}.get(sign) or (f"\\{sign}" if sign in _META else sign)
    return made


def _one_of(inside: str) -> str:
    is_not, some = inside.startswith("!"), inside.removeprefix("!")
    escaped = "".join(f"\\{sign}" if sign in "\\[]^" else sign for sign in some)
    return f"[{'^' if is_not else ''}{escaped}]"
