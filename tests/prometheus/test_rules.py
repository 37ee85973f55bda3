"""Prometheus' rules are those of the guard: each fires after its time, stays quiet on the good side, and ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prometheus.documents import SCRAPED, alert_name, rules_document
from guard.rules_file import rules_in_force
from tests.prometheus.promtool import promtool
from tests.prometheus.rule_tests import asked_of

RULES = rules_in_force({})
#: How often rules are evaluated in a test, by the step of its series: those of days as seldom as does.
EVERY = {"15s": "15s", "300s": "5m", "120s": "30m"}
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
    every = EVERY[tests[0]["interval"]]
    file = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": tests}
    (folder / "tests.yml").write_text(yaml.safe_dump(file))
    return promtool("test", "rules", folder / "tests.yml")


@pytest.mark.parametrize("name", RULES.rule)
def test_it_fires_after_its_time_and_ends(name: str, tmp_path: Path) -> None:
    code, said = ran(tmp_path, alert_name(name), list(asked_of(RULES.rule[name])))
    assert code == 0, said


#: What each of Prometheus' own rules fires on, and what keeps it quiet.
SEEN = {
    "SignaltapeGuardSilent": (
        ("signaltape_guard_evaluated_timestamp_seconds", "0x80"),
        ("signaltape_guard_evaluated_timestamp_seconds", "0+15x80"),
        {},
    ),
    "SignaltapePartAway": (
        ('signaltape_metrics_answered{part="redis"}', "0x80"),
        ('signaltape_metrics_answered{part="redis"}', "1x80"),
        {"part": "redis"},
    ),
    "SignaltapeNotScraped": (
        ('up{job="signaltape",instance="worker"}', "0x80"),
        ('up{job="signaltape",instance="worker"}', "1x80"),
        {"job": "signaltape", "instance": "worker"},
    ),
}


def test_each_of_prometheus_own_rules_is_tested() -> None:
    assert list(SEEN) == [name for name, *_ in SCRAPED]


def asked(alert: str, series: list[tuple[str, str]], labels: dict[str, str] | None) -> dict[str, Any]:
    """Whether it fires ten minutes on. labels: of what fires; None: nothing does."""
    of = {"alertname": alert, "alertstate": "firing", "category": "health", "rule": alert, **(labels or {})}
    firing = "ALERTS{" + ", ".join(f'{name}="{value}"' for name, value in of.items()) + "}"
    return {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{alert}", alertstate="firing"}}',
                "eval_time": "10m",
                "exp_samples": [] if labels is None else [{"labels": firing, "value": 1}],
            }
        ],
    }


@pytest.mark.parametrize("alert", SEEN)
def test_what_only_prometheus_sees_fires_and_stays_quiet(alert: str, tmp_path: Path) -> None:
    wrong, well, labels = SEEN[alert]
    code, said = ran(tmp_path, alert, [asked(alert, [wrong], labels), asked(alert, [well], None)])
    assert code == 0, said


def test_a_guard_that_is_not_there_at_all_is_silent_too(tmp_path: Path) -> None:
    code, said = ran(tmp_path, "SignaltapeGuardSilent", [asked("SignaltapeGuardSilent", [], {})])
    assert code == 0, said
