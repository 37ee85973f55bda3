"""`python -m desk drill`: pause, health, warm restart, resume, with their times."""

from __future__ import annotations

import click

from desk.auditing import shell_user
from desk.operations.drill import Drill, Step
from desk.operations.drill import drill as drilled
from signaltape.clock import utc_now
from signaltape.commands.auditing import note_shell
from signaltape.settings import Settings
from signaltape.terminal import NOTHING_TO_DO, Screen, left, print_json, right
from sink.command_line import json_option


@click.command(name="drill", short_help="Does everybody answer a pause, and how fast?")
@json_option
def drill_command(as_json: bool) -> None:
    """Pause everything for a moment, for real, and resume it: does everybody answer, and how fast?"""
    settings = Settings.from_env()
    now, by = utc_now(), shell_user()
    found = drilled(settings, now, by, progress=lambda step: _progress(step, as_json=as_json))
    note_shell(settings, "drill", by, now, "held" if found.ok else "did not hold")
    if as_json:
        print_json({"ok": found.ok, "steps": found.steps})
    else:
        _show(Screen(), found)
    if not found.ok:
        raise click.ClickException("the drill did not hold: see the steps")


def _progress(step: Step, *, as_json: bool) -> None:
    if not as_json:
        click.echo(f"{step.name}: {step.took_s:.2f} s", err=True)


def _show(screen: Screen, found: Drill) -> None:
    held = sum(step.ok for step in found.steps)
    took_s = sum(step.took_s for step in found.steps)
    said = f"drill: {held} of {len(found.steps)} steps held, {took_s:.1f} s in all"
    screen.say(said, "good" if found.ok else "bad")
    screen.table(
        [left("step", 14), left("held", 4), right("s"), left("found")],
        [(step.name, "yes" if step.ok else "NO", f"{step.took_s:.2f}", step.said) for step in found.steps],
    )
    screen.next(NOTHING_TO_DO if found.ok else "signaltape processes shows who is there, and what is wanted")
