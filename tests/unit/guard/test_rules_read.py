"""A file of rules: the shipped one holds what was promised, a wrong one is refused with file, rule and field."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from guard.model.reading import read_rules
from guard.model.rules import Check, Rules, Threshold
from guard.model.spans import read_span
from guard.rules_file import RULES, rules_in_force
from signaltape.errors import SettingsError
from tests.support.guard_core import ABSENT, BURN, CHECK, THRESHOLD, text_of_rules

#: Of the table of endpoints, websockets and data: what is aimed at, beyond what it rings, and after how long.
PROMISED: dict[str, tuple[str, float, float, str]] = {
    "rest-p95": ("p95", 450, 650, "5m"),
    "signal-p95": ("p95", 400, 650, "5m"),
    "ws-rtt": ("p95", 250, 350, "5m"),
    "error-rate-500": ("share_5xx", 1, 2, "5m"),
    "error-rate-429": ("share_429", 1, 2, "5m"),
    "freshness": ("p95", 3000, 5000, "3m"),
    "screener-ttl": ("p95", 60, 90, "5m"),
}


@pytest.fixture(scope="module")
def shipped() -> Rules:
    return rules_in_force({})


@pytest.mark.parametrize("name", PROMISED)
def test_the_shipped_rules_are_those_that_were_promised(shipped: Rules, name: str) -> None:
    rule, (value, target, limit, lasting) = shipped.rule[name], PROMISED[name]
    assert isinstance(rule, Threshold)
    assert (rule.value, rule.target, rule.alert_above) == (value, target, limit)
    assert rule.for_ == read_span(lasting)


def test_a_burst_and_a_day_of_errors_have_rules_of_their_own(shipped: Rules) -> None:
    burst, day = shipped.rule["errors-burst"], shipped.rule["errors-day"]
    assert isinstance(burst, Threshold)
    assert isinstance(day, Threshold)
    assert (burst.alert_above, burst.window) == (10, timedelta(seconds=60))
    assert (day.target, day.window) == (1, timedelta(days=1))


def test_alerts_are_to_be_delivered_within_five_seconds(shipped: Rules) -> None:
    rule = shipped.rule["delivery-lag"]
    assert isinstance(rule, Check)
    assert (rule.target, rule.alert_above) == (5, 5)


def test_budgets_burn_by_the_windows_of_the_workbook(shipped: Rules) -> None:
    spans = [("1h", "5m"), ("6h", "30m"), ("3d", "6h")]
    pairs = [(read_span(long), read_span(short)) for long, short in spans]
    wanted = tuple((factor, *pair) for factor, pair in zip((14.4, 6, 1), pairs, strict=True))
    assert [rule.windows for rule in shipped.burns] == [wanted] * 2


def test_an_endpoint_of_signals_is_held_to_its_own_rule_alone(shipped: Rules) -> None:
    rest, signal = shipped.rule["rest-p95"], shipped.rule["signal-p95"]
    assert isinstance(rest, Threshold)
    assert isinstance(signal, Threshold)
    assert rest.except_ == signal.names


WRONG = {
    "no TOML: ": "[rule",
    "'extra' is no key here": "extra = 1\n" + text_of_rules(slow=THRESHOLD),
    "there is no [rule.NAME]": 'gather = "5s"\n',
    "rules.toml, gather: must be a length of time": text_of_rules('gather = "soon"\n', slow=THRESHOLD),
    "rules.toml, repeat[1]: must be a length": text_of_rules('repeat = ["5m", 5]\n', slow=THRESHOLD),
    "rule Slow: a name is of a-z": text_of_rules(Slow=THRESHOLD),
    "rule x: must be a table": "[rule]\nx = 1\n",
    "rule slow, name: the name is": text_of_rules(slow=THRESHOLD + 'name = "x"\n'),
    "rule slow, kind: Invalid value": text_of_rules(slow=THRESHOLD.replace("threshold", "other")),
    "rule slow, kind: is missing": text_of_rules(slow=THRESHOLD.partition("\n")[2]),
    "rule slow, fro: is no field": text_of_rules(slow=THRESHOLD.replace("for =", "fro =")),
    "rule slow, of: is missing": text_of_rules(slow=THRESHOLD.replace('of = "http"\n', "")),
    "rule slow, window: must be a length": text_of_rules(slow=THRESHOLD.replace('"1m"', '"1 minute"')),
    "rule slow, window: must be at least 10s": text_of_rules(slow=THRESHOLD.replace('"1m"', '"5s"')),
    "rule slow, window: must be at most 15m": text_of_rules(slow=THRESHOLD.replace('"1m"', '"16m"')),
    "rule slow, for: must be at most 1d": text_of_rules(slow=THRESHOLD.replace('for = "5m"', 'for = "2d"')),
    "rule slow, target: must be at most alert_above": text_of_rules(slow=THRESHOLD.replace("450", "651")),
    "rule slow, target: Expected float": text_of_rules(slow=THRESHOLD.replace("450", '"450"')),
    "rule slow, alert_above: Expected": text_of_rules(slow=THRESHOLD.replace("650", "nan")),
    "rule slow, alert_above: give either": text_of_rules(slow=THRESHOLD + "alert_below = 1\n"),
    "rule slow, min_count: Expected": text_of_rules(slow=THRESHOLD.replace("= 10", "= -1")),
    "rule slow, min_bad: only a share": text_of_rules(slow=THRESHOLD + "min_bad = 1\n"),
    "rule slow, unit: a share is in %": text_of_rules(slow=THRESHOLD.replace("p95", "share_5xx")),
    "rule slow, unless: 'x' is no other rule": text_of_rules(slow=THRESHOLD + 'unless = ["x"]\n'),
    "rule slow, unless: 'slow' is no other": text_of_rules(slow=THRESHOLD + 'unless = ["slow"]\n'),
    "unless: goes round in a circle": text_of_rules(
        a=THRESHOLD + 'unless = ["b"]\n', b=THRESHOLD + 'unless = ["c"]\n', c=THRESHOLD + 'unless = ["a"]\n'
    ),
    "rule slow, category: Invalid": text_of_rules(slow=THRESHOLD + 'category = "other"\n'),
    "rule slow, what: Expected": text_of_rules(slow=THRESHOLD + 'what = ""\n'),
    "rule slow, runbook: Expected": text_of_rules(slow=THRESHOLD + 'runbook = "../x"\n'),
    "rule disk, figure: is none of": text_of_rules(disk=CHECK.replace("disk_free_pct", "moon")),
    "rule ws, silent: must be shorter": text_of_rules(ws=ABSENT + 'within = "1m"\n'),
    "rule b, slow_above: is for bad": text_of_rules(b=BURN.replace('"5xx"', '"slow"')),
    "rule b, windows: must be (burn rate": text_of_rules(b=BURN.replace('"1h", "5m"', '"5m", "1h"')),
    "rule b, windows: of 90 % a burn rate": text_of_rules(b=BURN.replace("99.9", "90")),
    "rule b, objective: Expected": text_of_rules(b=BURN.replace("99.9", "100")),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_refused_with_its_place(words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_rules(WRONG[words], "rules.toml")
    said = str(refused.value)
    assert said.startswith("rules.toml")
    assert words in said
    assert "\n" not in said


def test_a_file_that_the_environment_names_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text_of_rules(slow=THRESHOLD))
    assert list(rules_in_force({RULES: str(path)}).rule) == ["slow"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * 1_100_000])
def test_a_file_that_cannot_be_read_is_refused_by_the_variable(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "own.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=RULES):
        rules_in_force({RULES: str(path)})


@pytest.mark.parametrize("text", ["", "5", "5 m", "0s", "-5m", "5w", "1.5h", "41d", "99999d", 5, None, True])
def test_a_length_of_time_is_a_number_and_a_unit(text: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        read_span(text)
