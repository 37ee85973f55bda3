"""The commands on replay sessions: build, list, show, run, steer, delete, load."""

from __future__ import annotations

from datetime import datetime

import click

from replay.arguments import COUNT, INDEX, MomentType, SpeedType, names_of, readable
from replay.counting import counting
from replay.operations import playing, sessions
from replay.operations.playing import Action
from replay.sessions.choosing import SOURCES
from replay.sessions.session_screen import show_manifest, show_sessions, show_status
from replay.sessions.sources import Span
from signaltape.clock import utc_now
from signaltape.replay import Controls, Manifest, Mode
from signaltape.settings import Settings
from signaltape.stopping import call_on_signals
from signaltape.terminal import Screen, print_json
from sink.command_line import PlainGroup, json_option

commands = PlainGroup()


@commands.command()
@click.option("--from", "since", type=MomentType(), required=True, help="First moment (WIB without a zone).")
@click.option(
    "--to", "until", type=MomentType(), required=True, help="First moment that is not in it any more."
)
@click.option("--symbols", default="", help="Only these, with commas. Default: all.")
@click.option("--types", default="", help="Only these, such as MARKET_TRADE,SCORING_UPDATE. Default: all.")
@click.option("--max-events", type=COUNT, help="Stop after so many.")
@click.option("--notes", default="", help="For the manifest.")
@click.option("--speed", type=SpeedType(), default=1.0, show_default=True, help="For `run`.")
@click.option("--source", type=click.Choice(SOURCES), help="Default: the one that holds most of the span.")
def build(
    since: datetime, until: datetime, symbols: str, types: str, max_events: int | None, notes: str, speed: float,
    source: str | None,
) -> None:  # fmt: skip
    """Build a session from everything recorded in a half-open span, sorted by time and id."""
    if until <= since:
        raise click.UsageError("--to must be later than --from")
    span = Span(since, until, names_of(symbols), names_of(types))
    with counting("building") as tell:
        manifest, bad = sessions.build_session(
            Settings.from_env(),
            span,
            utc_now(),
            source=source,
            notes=readable(notes),
            speed=speed,
            max_events=max_events,
            progress=tell,
        )
    _tell_what_lacks(manifest, bad)
    click.echo(f"session {manifest.session_id}: {manifest.total_events} events from {manifest.source}")


@commands.command(name="list")
@json_option
def list_all(as_json: bool) -> None:
    """List sessions, oldest first."""
    found = sessions.list_sessions(Settings.from_env())
    if as_json:
        print_json(found)
    else:
        show_sessions(Screen(), found)


@commands.command(name="show")
@click.argument("session")
@json_option
def show_session(session: str, as_json: bool) -> None:
    """Show the manifest of SESSION."""
    manifest = sessions.show_session(Settings.from_env(), session)
    if as_json:
        print_json(manifest)
    else:
        show_manifest(Screen(), manifest)


@commands.command()
@click.argument("session")
@click.option(
    "--speed",
    type=SpeedType(),
    help="Default: the manifest's.",
)
@click.option("--max", "as_fast", is_flag=True, help="As fast as possible.")
@click.option("--loop", is_flag=True, help="Begin anew at the end, until stopped.")
@click.option("--step", is_flag=True, help="Begin paused; `replay step` hands out one event each.")
@click.option("--mode", type=click.Choice([*Mode]), default=Mode.ALL, show_default=True, help="Which events.")
def run(session: str, speed: float | None, as_fast: bool, loop: bool, step: bool, mode: str) -> None:
    """Replay SESSION into the Redis Stream signaltape:replay:SESSION, for any engine to read.

    The events are marked, and no worker takes them into the live tables. Stop with Ctrl-C or `replay stop SESSION`.
    """
    controls = Controls(step=step)
    call_on_signals(controls.stop)
    done = playing.run_session(
        Settings.from_env(),
        session,
        speed=speed,
        as_fast=as_fast,
        loop=loop,
        mode=Mode(mode),
        controls=controls,
        begun=lambda key: click.echo(f"replaying {session} into {key}"),
    )
    if done.bad:
        click.echo(done.bad, err=True)
    said = f"{done.status.current_event_index} of {done.status.total_events} events"
    drift = f", median {done.status.drift_median_ms:.1f} ms late" if done.spaced else ""
    click.echo(f"{'stopped after' if done.stopped else 'replayed'} {said}{drift}")


def _add_steering(action: Action, said: str) -> None:
    def command(session: str) -> None:
        playing.steer(Settings.from_env(), session, action)
        click.echo(f"{session}: {said}")

    command.__doc__ = f"{action.capitalize()} the running replay of SESSION."
    commands.command(name=action)(click.argument("session")(command))


_add_steering("stop", "stopping")
_add_steering("pause", "pausing")
_add_steering("resume", "going on")
_add_steering("step", "one event")


@commands.command()
@click.argument("session")
@click.argument("index", type=INDEX)
def seek(session: str, index: int) -> None:
    """Let the running replay of SESSION go on from event number INDEX."""
    playing.seek(Settings.from_env(), session, index)
    click.echo(f"{session}: going on from {index}")


@commands.command()
@click.argument("session")
@click.argument("speed", type=SpeedType(), required=False)
@click.option("--max", "as_fast", is_flag=True, help="As fast as possible.")
def speed(session: str, speed: float | None, as_fast: bool) -> None:
    """Let the running replay of SESSION go on SPEED times as fast as it was."""
    if as_fast == (speed is not None):
        raise click.UsageError("give SPEED or --max")
    playing.set_speed(Settings.from_env(), session, speed)
    click.echo(f"{session}: as fast as possible" if speed is None else f"{session}: speed {speed:g}")


@commands.command()
@click.argument("session")
@click.option("--off", is_flag=True, help="End there.")
def loop(session: str, off: bool) -> None:
    """Let the running replay of SESSION begin anew at its end."""
    playing.set_loop(Settings.from_env(), session, not off)
    click.echo(f"{session}: ends at its end" if off else f"{session}: begins anew at its end")


@commands.command()
@click.argument("session")
@json_option
def status(session: str, as_json: bool) -> None:
    """Show where the replay of SESSION stands."""
    found = playing.session_status(Settings.from_env(), session)
    if as_json:
        print_json(found)
    else:
        show_status(Screen(), found)


@commands.command()
@click.argument("session")
def delete(session: str) -> None:
    """Delete SESSION from disk, and the stream that it was played into."""
    done = sessions.delete_session(Settings.from_env(), session)
    if done.stays:
        click.echo(done.stays, err=True)
    click.echo(f"deleted {session}")


@commands.command()
@click.argument("session")
def load(session: str) -> None:
    """Load SESSION into the database of DATABASE_URL, which must hold nothing live: the same dump every time."""
    with counting("loading") as tell:
        done = sessions.load_session(Settings.from_env(), session, progress=lambda n: tell("loaded", n))
    if done.bad:
        click.echo(done.bad, err=True)
    click.echo(f"loaded {done.outcome.stored} of {done.entries} events")


def _tell_what_lacks(manifest: Manifest, bad: str) -> None:
    """On stderr, so that the line with the session's id stays the only one on stdout."""
    if len(set(manifest.found.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in manifest.found.items())
        click.echo(f"the sources differ, the fullest was taken: {counts}", err=True)
    for one in (*manifest.missing, *filter(None, [bad])):
        click.echo(f"may be incomplete: {one}", err=True)
