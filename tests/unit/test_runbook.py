"""The runbook, dry: every case is played and every block parses, and knows what it names before it runs."""

from __future__ import annotations

import re
import subprocess

import pytest

from guard.model.reading import read_rules
from guard.rules_file import rules_in_force
from tests.drill.cases import load
from tests.drill.page import Section, sections
from tests.drill.registry import CASES
from tests.drill.rules import hurried, shipped, waits_s, words
from tests.drill.stage import PROCESSES
from tests.support.pages import ROOT, Page
from tests.support.waiting import LONGEST_S

PAGE = Page(ROOT / "docs" / "runbook.md")
load()
every_case = pytest.mark.parametrize("section", sections(PAGE.text), ids=lambda section: section.name)
#: What the settings of the units, or the person, have named before.
_GIVEN = {"REDIS_URL", "DATABASE_URL", "PRIMARY", "STANDBY"}
_NAME = re.compile(r"\$([A-Z][A-Z_]*)")
_PROCFILE = {line.partition(":")[0] for line in (ROOT / "Procfile").read_text().splitlines()}


def test_each_marked_section_is_a_case_and_each_case_a_section() -> None:
    found = sections(PAGE.text)
    assert [one.name for one in found] != []
    assert {one.name for one in found} == set(CASES)
    marked = {part.partition("\n")[0] for part in PAGE.text.split("\n## ") if "\n✚ " in part}
    assert {one.title for one in found} == marked


def test_each_alert_leads_to_a_section() -> None:
    assert {rule.runbook for rule in rules_in_force({}).rule.values()} <= PAGE.anchors()


@every_case
def test_a_case_shows_what_is_wrong_acts_and_shows_that_it_is_well(section: Section) -> None:
    roles = [block.role for block in section.blocks if block.role != "before"]
    assert roles[0] == "see"
    assert roles[-1] == "well"
    assert "act" in roles
    assert all(block.expected for block in section.blocks if block.role in ("see", "well"))


@every_case
def test_every_block_parses(section: Section) -> None:
    for block in section.blocks:
        done = subprocess.run(
            ["bash", "-n", "-c", block.commands],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )
        assert (done.returncode, done.stderr) == (0, "")


@every_case
def test_a_name_is_given_before_it_is_used(section: Section) -> None:
    known = set(_GIVEN)
    for block in section.blocks:
        assert set(_NAME.findall(block.commands)) <= known
        known |= set(_NAME.findall(block.expected))


def test_units_are_named_as_the_processes_are() -> None:
    named = set(re.findall(r"\bsignaltape-([a-z]+)\b", "\n".join(PAGE.shell_lines())))
    assert named <= _PROCFILE
    assert {name.removeprefix("signaltape-") for name in PROCESSES} <= _PROCFILE


def test_the_rules_of_a_drill_are_the_shipped_ones_in_a_hurry() -> None:
    assert set(read_rules(hurried(), "drill").rule) == set(shipped()["rule"])
    assert waits_s("postgres-away") == 30
    assert waits_s("process-missing") == 90
    assert all(words(rule) for case in CASES.values() for rule in case.rules)
