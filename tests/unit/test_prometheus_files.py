"""The files for Prometheus and Grafana are what their source says; where they cannot be, that is said by name."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.grafana.boards import boards
from deploy.prometheus.__main__ import files_of
from deploy.prometheus.documents import alert_name
from deploy.prometheus.expressions import expression, span
from deploy.prometheus.selecting import regex
from guard.model.reading import read_rules
from guard.model.rules import Rules
from guard.model.spans import read_span
from guard.rules_file import SHIPPED, rules_in_force
from signaltape.errors import SettingsError
from tests.support.pages import ROOT, Page
from tests.support.scraping import PROCESSES

DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("name", ["rules.yml", "alertmanager.yml"])
def test_prometheus_files_are_what_the_rules_say(name: str) -> None:
    assert (DEPLOY / "prometheus" / name).read_text() == files_of(rules_in_force({}))[name]


@pytest.mark.parametrize("name", ["pipeline.json", "slo.json", "kpis.json"])
def test_boards_are_what_their_source_says(name: str) -> None:
    assert (DEPLOY / "grafana" / name).read_text() == boards(rules_in_force({}))[name]


def test_there_is_an_alert_for_every_rule_of_the_guard() -> None:
    rules = rules_in_force({})
    groups = yaml.safe_load(files_of(rules)["rules.yml"])["groups"]
    alerts = {one["labels"]["rule"]: one for group in groups for one in group["rules"] if "alert" in one}
    assert rules.rule.keys() <= alerts.keys()
    for name, rule in rules.rule.items():
        assert alerts[name]["alert"] == alert_name(name)
        assert alerts[name]["labels"]["category"] == rule.category
        assert alerts[name].get("for") == (span(rule.for_) if rule.for_ else None)


def test_what_keeps_another_back_does_so_in_alertmanager() -> None:
    rules = rules_in_force({})
    inhibitions = yaml.safe_load(files_of(rules)["alertmanager.yml"])["inhibit_rules"]
    found = {(one["source_matchers"][0], one["target_matchers"][0]) for one in inhibitions}
    wanted = {
        (f'rule="{other}"', f'rule="{name}"') for name, rule in rules.rule.items() for other in rule.unless
    }
    assert found == wanted


def test_what_all_engines_share_keeps_back_an_alert_about_any_of_them() -> None:
    inhibitions = yaml.safe_load(files_of(rules_in_force({}))["alertmanager.yml"])["inhibit_rules"]
    equal = {
        one["source_matchers"][0]: one.get("equal")
        for one in inhibitions
        if one["target_matchers"] == ['rule="measures-late"']
    }
    assert equal == {'rule="redis-away"': None, 'rule="journal-backlog"': None}


def changed(name: str, **fields: str) -> Rules:
    """The shipped rules, with fields of one that are others."""
    text = SHIPPED.read_text()
    head, _, tail = text.partition(f"[rule.{name}]\n")
    for field, value in fields.items():
        tail = re.sub(rf"^{field} = .*$", f"{field} = {value}", tail, count=1, flags=re.MULTILINE)
    return read_rules(f"{head}[rule.{name}]\n{tail}", "own.toml")


def test_another_limit_is_another_expression() -> None:
    assert "> 1.5\n" in expression(changed("rest-p95", alert_above="1500").rule["rest-p95"])


def test_braces_in_a_text_are_no_template() -> None:
    text = files_of(changed("rest-p95", what='"Slow {{ $labels.secret }}"'))["rules.yml"]
    assert '{{ "{{" }} $labels.secret' in text


def test_a_figure_that_is_not_exported_is_refused_by_its_rule() -> None:
    with pytest.raises(SettingsError, match=r"rule\.ws-rtt: figure depth is no time"):
        files_of(changed("ws-rtt", figure='"depth"'))


def test_shares_of_what_is_no_http_are_refused_by_their_rule() -> None:
    with pytest.raises(SettingsError, match=r"rule\.errors-burst: of ws: requests are counted of http alone"):
        files_of(changed("errors-burst", of='"ws"'))


@given(
    st.text("ab*?[]!-.^ /<>+|", max_size=8),
    st.lists(st.text("ab]-.^ /<>+|!", max_size=8), max_size=8),
)
def test_a_glob_matches_in_prometheus_what_it_matches_in_the_guard(glob: str, names: list[str]) -> None:
    for name in names:
        try:
            found = bool(re.fullmatch(regex(glob), name))
        except re.error:  # a range that ends before it begins: nothing, there as here
            continue
        assert found == fnmatchcase(name, glob), (glob, name, regex(glob))


@pytest.mark.parametrize(("text", "said"), [("90s", "90s"), ("60s", "1m"), ("24h", "1d"), ("36h", "36h")])
def test_a_span_is_said_in_the_largest_unit_that_it_is_a_whole_number_of(text: str, said: str) -> None:
    assert span(read_span(text)) == said


def test_the_example_scrapes_every_process_on_the_port_that_the_docs_give_it() -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    scraped = dict(re.findall(r"- 127\.0\.0\.1:(\d+) # (\w+)", text))
    rows = (cells for cells in Page(ROOT / "docs" / "prometheus.md").rows() if len(cells) > 2)
    said = {cells[2]: cells[0] for cells in rows if cells[2].isdigit()}
    assert scraped == said
    assert {*scraped.values()} == {*PROCESSES, "dashboard"}


def test_the_example_reads_the_rules_beside_it() -> None:
    document = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert all((DEPLOY / "prometheus" / name).is_file() for name in document["rule_files"])
