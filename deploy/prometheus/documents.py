"""The files: rules of Prometheus, and what Alertmanager is to keep back. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import yaml

from deploy.prometheus.expressions import by, expression, records, span
from guard.model.muting import is_shared
from guard.model.rules import Burn, Check, Measured, Rule, Rules

Document = dict[str, Any]
#: How often rules are evaluated: those of minutes as often as is scraped, those of hours less.
_OFTEN, _SELDOM = "15s", "1m"
_RUNBOOK = "docs/runbook.md#"
#: What only Prometheus can notice: that nothing comes of what it scrapes. Name, expression, for, what, what to do.
SCRAPED = (
    (
        "SignaltapeGuardSilent",
        "absent(signaltape_guard_evaluated_timestamp_seconds)\n"
        "or\ntime() - max(signaltape_guard_evaluated_timestamp_seconds) > 60",
        "1m",
        "The guard evaluates nothing",
        "Start it, or look why Postgres does not answer it: until then no other rule here can be trusted.",
    ),
    (
        "SignaltapePartAway",
        "signaltape_metrics_answered == 0",
        "5m",
        "A part of a process cannot be asked",
        "Its log says why; what it measures is missing here.",
    ),
    (
        "SignaltapeNotScraped",
        'up{job="signaltape"} == 0',
        "1m",
        "A process is not scraped",
        "Look whether it runs, and on which port it serves.",
    ),
)


def rules_document(rules: Rules) -> Document:
    """Groups of rules: what objectives need, objectives, the guard's own checks, what Prometheus sees itself."""
    measured = [
        rule for rule in rules.rule.values() if isinstance(rule, Measured) and not isinstance(rule, Burn)
    ]
    checks = [rule for rule in rules.rule.values() if isinstance(rule, Check)]
    recorded = [_record(rule, name, expr) for rule in rules.burns for name, expr in records(rule)]
    return {
        "groups": [
            _group("signaltape-measured", _OFTEN, map(_alert, measured)),
            _group("signaltape-slo", _SELDOM, [*recorded, *map(_alert, rules.burns)]),
            _group("signaltape-checks", _OFTEN, map(_alert, checks)),
            _group("signaltape-scraped", _OFTEN, _scraped()),
        ]
    }


def alert_name(rule: str) -> str:
    """`SignaltapeRestP95` of `rest-p95`."""
    return "Signaltape" + "".join(word[:1].upper() + word[1:] for word in rule.replace("_", "-").split("-"))


def alertmanager_document(rules: Rules) -> Document:
    """Alerts of one category in one message; what a rule names under `unless` keeps it back."""
    repeat = rules.repeat[-1] if rules.repeat else timedelta(days=1)
    return {
        "route": {
            "receiver": "signaltape",
            "group_by": ["category"],
            "group_wait": span(rules.gather),
            "repeat_interval": span(repeat),
        },
        "inhibit_rules": [
            _inhibition(rules, other, rule) for rule in rules.rule.values() for other in rule.unless
        ],
        "receivers": [{"name": "signaltape"}],
    }


def text_of(document: Document, *lines: str) -> str:
    """As YAML, behind comment lines."""
    head = "".join(f"# {line}\n" for line in lines)
    return head + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def _group(name: str, interval: str, rules: Iterable[Document]) -> Document:
    return {"name": name, "interval": interval, "rules": list(rules)}


def _record(rule: Burn, name: str, expr: str) -> Document:
    return {"record": name, "expr": expr, "labels": {"slo": rule.name}}


def _alert(rule: Rule) -> Document:
    lasting = {"for": span(rule.for_)} if rule.for_ else {}
    ending = {"keep_firing_for": span(rule.resolve_after)} if rule.resolve_after else {}
    subject = "{{ $labels.subject }}" if isinstance(rule, Check) else _subject(rule)
    return {
        "alert": alert_name(rule.name),
        "expr": expression(rule),
        **lasting,
        **ending,
        "labels": {"category": rule.category, "rule": rule.name},
        "annotations": {
            "summary": f"{_plain(rule.what)}: {subject}",
            "description": f"{_plain(rule.costs)} {_plain(rule.do)}",
            "runbook": _RUNBOOK + rule.runbook,
        },
    }


def _subject(rule: Measured) -> str:
    labels = [f"{{{{ $labels.{label} }}}}" for label in by(rule).split(", ")]
    return " ".join(reversed(labels))


def _plain(text: str) -> str:
    """A text that is no template."""
    return text.replace("{{", '{{ "{{" }}')


def _scraped() -> Iterator[Document]:
    for name, expr, lasts, what, do in SCRAPED:
        yield {
            "alert": name,
            "expr": expr,
            "for": lasts,
            "labels": {"category": "health", "rule": name},
            "annotations": {"summary": what, "description": do, "runbook": f"{_RUNBOOK}process-missing"},
        }


def _inhibition(rules: Rules, other: str, rule: Rule) -> Document:
    """The same subject, or the same engine where one of both is about all of it; any, where all engines share it."""
    both = (rules.rule.get(other), rule)
    if is_shared(both[0]) and not is_shared(rule):
        return _kept_back(other, rule)
    named = all(isinstance(one, Measured) and one.by == "name" for one in both)
    checks = all(isinstance(one, Check) for one in both)
    equal = ["subject"] if checks else ["engine", "name"] if named else ["engine"]
    return {**_kept_back(other, rule), "equal": equal}


def _kept_back(other: str, rule: Rule) -> Document:
    return {"source_matchers": [f'rule="{other}"'], "target_matchers": [f'rule="{rule.name}"']}


class _Dumper(yaml.SafeDumper):
    """Lists stand in, texts of several lines as they are, nothing as an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        """Nothing is an alias."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Items stand under their key."""
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)
