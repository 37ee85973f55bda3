"""`python -m guard check|rules`: what is in force, and what it comes to now."""

from __future__ import annotations

import click

from guard import operations
from guard.alert_commands import figure, in_a_terminal
from guard.model.findings import Finding
from guard.model.rules import Absent, Burn, Check, Rule, Rules, Threshold
from guard.model.spans import written
from guard.model.values import with_unit
from guard.operations import RuleNow
from guard.rules_file import rules_in_force
from guard.settings import GuardSettings
from signaltape.clock import utc_now
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import PlainCommand, json_option

_SAID = {None: "not known", True: "BREACHED", False: "ok"}


@click.command(name="check", cls=PlainCommand)
@json_option
def check_command(as_json: bool) -> None:
    """Evaluate every rule once, now, and change nothing. Exit code 1 if any is breached."""
    guard = GuardSettings.from_env()
    found = operations.check(guard, utc_now())
    if as_json:
        print_json(found)
    else:
        _show_check(Screen(), found, guard.rules)
    if _breached(found):
        click.get_current_context().exit(1)


@click.command(name="rules", cls=PlainCommand)
@json_option
def rules_command(as_json: bool) -> None:
    """Show the rules in force, and where they come from."""
    rules = rules_in_force()
    if as_json:
        print_json({"source": rules.source, "rules": [{"name": name, "says": said(one), "category": one.category}
                                                      for name, one in rules.rule.items()]})  # fmt: skip
    else:
        _show_rules(Screen(), rules)


def _breached(found: list[RuleNow]) -> int:
    return sum(bool(one.breached) for rule in found for one in rule.findings)


def _show_check(screen: Screen, found: list[RuleNow], rules: Rules) -> None:
    pairs = [(rule.rule, one) for rule in found for one in rule.findings]
    _say_how_many(screen, _breached(found), len(pairs))
    pairs.sort(key=lambda pair: not pair[1].breached)
    screen.table(
        (left("rule", 14), left("subject", 12), right("value"), right("limit"), right("n"), left("says")),
        [_row(rules.rule[name], name, one) for name, one in pairs],
    )
    silent = [rule.rule for rule in found if not rule.findings]
    if silent:
        screen.say(f"nothing measured: {', '.join(silent)}", "warn")
    screen.next("python -m guard list shows what is told" if pairs else NOTHING_TO_DO)


def _say_how_many(screen: Screen, breached: int, known: int) -> None:
    if breached:
        screen.say(f"{breached} of {known} breached", "bad")
    else:
        screen.say(f"none of {known} breached", "good")


def _row(rule: Rule, name: str, one: Finding) -> tuple[object, ...]:
    return (name, one.subject, figure(rule, one.value), figure(rule, one.limit), one.n, _SAID[one.breached])


def _show_rules(screen: Screen, rules: Rules) -> None:
    screen.say(f"{len(rules.rule)} rules of {rules.source}", "head")
    screen.table(
        (left("rule", 14), left("category"), left("fires when", 20), left("for")),
        [(name, one.category, said(one), written(one.for_)) for name, one in rules.rule.items()],
    )
    screen.next("SIGNALTAPE_GUARD_RULES names another file; docs/guard.md says what stands in it")


def said(rule: Rule) -> str:
    """When a rule is breached, in a few words."""
    match rule:
        case Threshold():
            return f"{rule.value} of {rule.of} {_limit(rule)} over {written(rule.window)}"
        case Burn():
            rates = ", ".join(f"{rate:g}×/{written(long)}" for rate, long, _ in rule.windows)
            return f"{rule.objective:g} % not {rule.bad}, {rates}"
        case Absent():
            return f"{'all' if rule.of == '*' else rule.of} silent for {written(rule.silent)}"
        case Check():
            return f"{rule.figure} {_limit(rule)}"


def _limit(rule: Threshold | Check) -> str:
    if rule.alert_above is not None:
        return f"> {in_a_terminal(with_unit(rule.alert_above, rule.unit))}"
    return f"< {in_a_terminal(with_unit(rule.alert_below or 0, rule.unit))}"
