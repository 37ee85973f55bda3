"""`python -m guard list|budget|snooze|unsnooze|stamp`: alerts and budgets, as a person sees them."""

from __future__ import annotations

import getpass
import re
from datetime import datetime, timedelta

import click

from guard import operations
from guard.model.rules import Rule, Rules
from guard.model.values import bare_value
from guard.operations import Category, Listed, ShownAlert, ShownBudget, What
from guard.rules_file import rules_in_force
from signaltape.clock import as_aware, show, show_bare, utc_now
from signaltape.commands.auditing import note_shell
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import TEXT, PlainCommand, json_option

_CATEGORIES = ("health", "performance")
_LENGTH = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_NO_GUARD = "no rule was evaluated in the last minute: is python -m guard running?"


@click.command(name="list", cls=PlainCommand)
@click.option(
    "--limit",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="At most so many that are over.",
)
@json_option
def list_command(limit: int, as_json: bool) -> None:
    """Show alerts that are open, and the last that are over."""
    found = operations.listed(Settings.from_env(), utc_now(), limit)
    if as_json:
        print_json(found)
    else:
        _show_listed(Screen(), found, rules_in_force())


@click.command(name="budget", cls=PlainCommand)
@json_option
def budget_command(as_json: bool) -> None:
    """Show what is left of each error budget of 30 days."""
    found = operations.budgets(Settings.from_env(), rules_in_force(), utc_now())
    if as_json:
        print_json(found)
    else:
        _show_budgets(Screen(), found)


@click.command(name="snooze", cls=PlainCommand)
@click.argument("category", type=click.Choice(_CATEGORIES))
@click.option("--for", "length", type=TEXT, help="So long: 30m, 2h, 1d.")
@click.option("--until", type=TEXT, help="Until then: an ISO time, without a zone in WIB.")
def snooze_command(category: Category, length: str | None, until: str | None) -> None:
    """Tell nothing of a category for a while; what still fires then is told."""
    settings, now, by = Settings.from_env(), utc_now(), _user()
    done = operations.snooze(settings, category, _end(now, length, until), by, now)
    note_shell(settings, "guard_snooze", by, now, f"{category} until {show(done.until)}")
    click.echo(f"{category}: nothing is told until {show(done.until)}; python -m guard unsnooze {category}")


@click.command(name="unsnooze", cls=PlainCommand)
@click.argument("category", type=click.Choice(_CATEGORIES))
def unsnooze_command(category: Category) -> None:
    """Tell of a category again."""
    settings, now, by = Settings.from_env(), utc_now(), _user()
    operations.unsnooze(settings, category, now)
    note_shell(settings, "guard_unsnooze", by, now, category)
    click.echo(f"{category}: told again")


@click.command(name="stamp", cls=PlainCommand)
@click.argument("what", type=click.Choice(("backup", "restore")))
@click.option("--says", type=TEXT, default="", help="Where it lies, or what it was made of.")
def stamp_command(what: What, says: str) -> None:
    """Note that a backup, or a trial of restoring one, has just succeeded: the last step of whatever makes it."""
    now = utc_now()
    operations.stamp(Settings.from_env(), what, now, says)
    click.echo(f"{what}: {show(now)}")


def _end(now: datetime, length: str | None, until: str | None) -> datetime:
    if (length is None) == (until is None):
        raise click.UsageError("give either --for or --until")
    if until is not None:
        try:
            return as_aware(datetime.fromisoformat(until))
        except ValueError:
            raise click.BadParameter(f"{until!r} is no ISO time", param_hint="--until") from None
    found = _LENGTH.fullmatch(str(length))
    if found is None:
        raise click.BadParameter(f"{length!r} is no length such as 30m, 2h, 1d", param_hint="--for")
    return now + timedelta(**{_UNITS[found[2]]: int(found[1])})


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return "shell"


def _show_listed(screen: Screen, found: Listed, rules: Rules) -> None:
    if not found.at_work:
        screen.say(_NO_GUARD, "bad")
    firing = [one for one in found.open if one.state == "firing"]
    screen.say(
        f"alerts: {len(firing)} firing, {len(found.open) - len(firing)} pending", "bad" if firing else "good"
    )
    for one in found.snoozes:
        screen.say(f"{one.category} is snoozed until {show(one.until)}, by {one.by}", "warn")
    shown = (*found.open, *found.over)
    # what an alert is about is a line of its own: in a column it would be cut
    screen.table(
        (left("rule", 20), left("state"), right("value"), right("limit"), left("since, WIB", 19)),
        [_row(one, rules.rule.get(one.rule)) for one in shown],
        [one.subject for one in shown],
    )
    screen.next(_what_next(found))


def _what_next(found: Listed) -> str:
    if not found.at_work:
        return "signaltape processes shows who is there; python -m guard starts one"
    return "python -m guard check shows every rule with its value now" if found.open else NOTHING_TO_DO


def _row(one: ShownAlert, rule: Rule | None) -> tuple[object, ...]:
    since = one.resolved_at or one.since  # as its message says it
    return (one.rule, one.state, figure(rule, one.value), figure(rule, one.limit_value), show_bare(since))


def figure(rule: Rule | None, value: float | None) -> str | None:
    """A figure of a rule in a table, with its unit; None for none. rule: None if it is in force no more."""
    return None if value is None else in_a_terminal(bare_value(rule, value))


def in_a_terminal(text: str) -> str:
    """The same with spaces that break: others are shown as what they are."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def _show_budgets(screen: Screen, found: list[ShownBudget]) -> None:
    screen.say("error budgets of the last 30 days, WIB", "head")
    screen.table(
        (
            left("rule", 14),
            left("subject", 12),
            right("objective"),
            right("good"),
            right("bad"),
            right("left"),
        ),
        [_budget_row(one) for one in found],
    )
    screen.next("python -m guard list shows what burns" if found else "no rule has an objective")


def _budget_row(one: ShownBudget) -> tuple[object, ...]:
    if one.budget is None:
        return (one.rule, one.subject or "not measured", f"{one.objective:g} %", None, None, None)
    known = one.budget
    return (one.rule, one.subject, f"{one.objective:g} %", known.good, known.bad, f"{100 * known.left:.1f} %")
