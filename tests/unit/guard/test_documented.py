"""What is shipped is described: rules in docs/guard.md with their limits, sections of the runbook that rules name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from guard.model.rules import Check, Threshold
from guard.model.spans import written
from guard.model.values import with_unit
from guard.rules_file import rules_in_force

ROOT = Path(__file__).parents[3]
RULES = rules_in_force({})
PAGE = (ROOT / "docs" / "guard.md").read_text()
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def row_of(name: str) -> str:
    """The line of the page's table that has a rule."""
    return next((line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line), "")


@pytest.mark.parametrize("name", RULES.rule)
def test_every_rule_stands_in_the_table(name: str) -> None:
    assert row_of(name)


@pytest.mark.parametrize(
    "name", ["rest-p95", "signal-p95", "ws-rtt", "error-rate-500", "error-rate-429", "disk", "clock-skew"]
)
def test_with_what_it_aims_at_and_where_it_rings(name: str) -> None:
    rule, row = RULES.rule[name], row_of(name)
    assert isinstance(rule, Threshold | Check)
    assert rule.target is not None
    assert f"{rule.target:g}" in row
    limit = with_unit(rule.alert_above or rule.alert_below or 0, rule.unit).replace("\N{NO-BREAK SPACE}", " ")
    assert limit.replace("2,000 ms", "2 s") in row
    assert f"for {written(rule.for_)}" in row


def test_every_section_of_the_runbook_that_a_rule_names_is_there() -> None:
    headings = {line.removeprefix("## ") for line in RUNBOOK.splitlines() if line.startswith("## ")}
    anchors = {re.sub(r"[^a-z0-9-]", "", heading.lower().replace(" ", "-")) for heading in headings}
    assert {rule.runbook for rule in RULES.rule.values()} <= anchors
