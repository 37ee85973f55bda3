"""Prometheus' rules are those of the guard: each fires after its time, stays quiet on the good side, and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prometheus.documents import rules_document
from guard.rules_file import rules_in_force
from tests.prometheus.promtool import promtool
from tests.prometheus.rule_tests import asked_of

RULES = rules_in_force({})
FILE = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"


def test_promtool_takes_the_file() -> None:
    code, said = promtool("check", "rules", "--lint-fatal", FILE)
    assert code == 0, said


def ran(folder: Path, alert: str, tests: list[dict[str, Any]]) -> tuple[int, str]:
    """The tests of an alert, on the group of rules that it is in, with nothing beside it but what it reads."""
    group = next(
        group
        for group in rules_document(RULES)["groups"]
        if alert in [one.get("alert") for one in group["rules"]]
    )
    some = [one for one in group["rules"] if one.get("alert") == alert or "record" in one]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{**group, "rules": some}]}))
    seldom = max(str(one["interval"]) for one in tests) != "15s"
    file = {"rule_files": ["rules.yml"], "evaluation_interval": "5m" if seldom else "15s", "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(file))
    return promtool("test", "rules", folder / "tests.yml")


@pytest.mark.parametrize("name", RULES.rule)
def test_it_fires_after_its_time_and_ends(name: str, tmp_path: Path) -> None:
    code, said = ran(tmp_path, alert_name(name), list(asked_of(RULES.rule[name])))
    assert code == 0, said
