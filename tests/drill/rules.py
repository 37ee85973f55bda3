"""Guard's own rules with a tenth of their waits, so that a drill takes minutes. Pure but for the file it reads.

What is measured, and over which windows, stays: only how long something must last is shorter, and how much may wait in
a journal is less, by what an engine of the drill says in that time.
"""

from __future__ import annotations

import tomllib
from typing import Any

from guard.model.spans import read_span
from guard.rules_file import SHIPPED

#: A drill's wait is such a part of the shipped one.
PART = 10
#: The same of bytes: an engine of a drill is that much slower than one that fills a journal in minutes.
_PART_OF_BYTES = 128
_WAITS = ("for", "resolve_after", "silent", "gather")


def shipped() -> dict[str, Any]:
    """The rules as they are shipped."""
    return tomllib.loads(SHIPPED.read_text())


def hurried() -> str:
    """The same with shorter waits, as a file of rules."""
    found = shipped()
    rules: dict[str, dict[str, Any]] = found.pop("rule")
    lines = [*_lines(found)]
    for name, rule in rules.items():
        lines += [f"[rule.{name}]", *_lines(rule)]
    return "\n".join(lines) + "\n"


def waits_s(rule: str) -> float:
    """How long a shipped rule waits in all: for what lasts, and where its limit is itself a time."""
    found = shipped()["rule"][rule]
    limit = found.get("alert_above", 0) if _counts_seconds(found) else 0
    return read_span(found["for"]).total_seconds() + limit if "for" in found else float(limit)


def words(rule: str) -> str:
    """What its message begins with."""
    return str(shipped()["rule"][rule]["what"])


def _counts_seconds(rule: dict[str, Any]) -> bool:
    return rule.get("kind") == "check" and rule.get("unit") == "s"


def _lines(rule: dict[str, Any]) -> list[str]:
    return [f"{name} = {_said(_shorter(rule, name, value))}" for name, value in rule.items()]


def _shorter(rule: dict[str, Any], name: str, value: Any) -> Any:
    if name in _WAITS:
        return f"{max(1, round(read_span(value).total_seconds() / PART))}s"
    if name in ("alert_above", "target") and _counts_seconds(rule):
        return value / PART
    if name in ("alert_above", "target") and rule.get("figure") == "journal_backlog_bytes":
        return value / _PART_OF_BYTES
    return value


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_said, value))}]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
