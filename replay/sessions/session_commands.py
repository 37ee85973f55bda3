"""The commands on replay sessions: build, list, show, run, steer, delete, load."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import click
import redis

from replay.archive.outlet import StreamOutlet, delete_streams, replay_key
from replay.arguments import COUNT, INDEX, MomentType, SpeedType, json_option, names_of, readable
from replay.cli import connected, counting, errors, redis_url
from replay.sessions import reprocess as reprocessing
from replay.sessions.build import build as build_session
from replay.sessions.choosing import SOURCES, chosen
from replay.sessions.session_screen import show_manifest, show_sessions, show_status
from replay.sessions.sessions import delete_session, list_sessions, read_manifest, session_folder
from replay.sessions.sources import Span
from replay.sessions.steering import Steering, ask, is_running, read_status
from signaltape.clock import utc_now
from signaltape.redis_client import redis_client
from signaltape.replay import Controls, Manifest, Mode, Player, SessionError
from signaltape.settings import Settings
from signaltape.stopping import call_on_signals
from signaltape.terminal import Screen, print_json

commands = click.Group()


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
    with errors():
        settings = Settings.from_env()
        with counting("building") as tell, chosen(settings, source, span) as choice:
            manifest = build_session(
                settings.data,
                choice.source,
                span,
                now=utc_now(),
                notes=readable(notes),
                speed_factor=speed,
                max_events=max_events,
                found=choice.found,
                missing=choice.missing,
                progress=tell,
            )
            bad = choice.source.bad.said()
    _tell_what_lacks(manifest, bad)
    click.echo(f"session {manifest.session_id}: {manifest.total_events} events from {manifest.source}")


@commands.command(name="list")
@json_option
def list_all(as_json: bool) -> None:
    """List sessions, oldest first."""
    with errors():
        found = list_sessions(Settings.from_env().data)
    if as_json:
        print_json(found)
    else:
        show_sessions(Screen(), found)


@commands.command(name="show")
@click.argument("session")
@json_option
def show_session(session: str, as_json: bool) -> None:
    """Show the manifest of SESSION."""
    with errors():
        manifest = read_manifest(session_folder(Settings.from_env().data, session))
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
    if as_fast and speed is not None:
        raise click.UsageError("--max and --speed exclude each other")
    with errors():
        settings = Settings.from_env()
        folder = session_folder(settings.data, session)
        controls = Controls(step=step)
        call_on_signals(controls.stop)
        factor = None if as_fast else speed or _usable(read_manifest(folder))
        with (
            closing(Steering(folder, controls)) as steering,  # first: only one replay may empty the stream
            closing(redis_client(redis_url(settings))) as client,
        ):
            key = replay_key(settings.stream, session)
            outlet = StreamOutlet(client, key, session, at_once=factor is not None)

            def look(player: Player) -> None:
                if controls.paused:  # whoever steps waits for each event
                    outlet.flush()
                steering(player)

            player = Player(folder, speed=factor, loop=loop, mode=Mode(mode), controls=controls, look=look)
            click.echo(f"replaying {session} into {key}")
            try:
                status = player.run(outlet.send)
            finally:
                outlet.flush()
    if player.bad.count:
        click.echo(player.bad.said(), err=True)
    said = f"{status.current_event_index} of {status.total_events} events"
    drift = f", median {status.drift_median_ms:.1f} ms late" if factor is not None else ""
    click.echo(f"{'stopped after' if controls.is_stopped() else 'replayed'} {said}{drift}")


def _steer(action: str, said: str) -> Callable[[str], None]:
    def command(session: str) -> None:
        with errors():
            ask(session_folder(Settings.from_env().data, session), action)
        click.echo(f"{session}: {said}")

    command.__doc__ = f"{action.capitalize()} the running replay of SESSION."
    return command


for _action, _said in (
    ("stop", "stopping"),
    ("pause", "pausing"),
    ("resume", "going on"),
    ("step", "one event"),
):
    commands.command(name=_action)(click.argument("session")(_steer(_action, _said)))


@commands.command()
@click.argument("session")
@click.argument("index", type=INDEX)
def seek(session: str, index: int) -> None:
    """Let the running replay of SESSION go on from event number INDEX."""
    with errors():
        ask(session_folder(Settings.from_env().data, session), "seek", index)
    click.echo(f"{session}: going on from {index}")


@commands.command()
@click.argument("session")
@json_option
def status(session: str, as_json: bool) -> None:
    """Show where the replay of SESSION stands."""
    with errors():
        folder = session_folder(Settings.from_env().data, session)
        read_manifest(folder)
        found = read_status(folder)
        if found is None:
            raise SessionError(f"session {session} was not replayed yet")
        found.running = found.running and is_running(folder)
    if as_json:
        print_json(found)
    else:
        show_status(Screen(), found)


@commands.command()
@click.argument("session")
def delete(session: str) -> None:
    """Delete SESSION from disk, and the stream that it was played into."""
    with errors():
        settings = Settings.from_env()
        folder = session_folder(settings.data, session)
        if is_running(folder):
            raise SessionError(f"session {session} is being replayed; stop it first")
        delete_session(folder)
    if settings.redis_url is not None:
        try:
            delete_streams(settings.redis_url, settings.stream, [session])
        except redis.RedisError as error:
            click.echo(f"its stream {replay_key(settings.stream, session)} stays: {error}", err=True)
    click.echo(f"deleted {session}")


@commands.command()
@click.argument("session")
def load(session: str) -> None:
    """Load SESSION into the database of DATABASE_URL, which must hold nothing live: the same dump every time."""
    with errors():
        settings = Settings.from_env()
        folder = session_folder(settings.data, session)
        with connected(settings) as connection, counting("loading") as tell:
            done = reprocessing.load(connection, folder, lambda n: tell("loaded", n))
    if done.bad:
        click.echo(done.bad, err=True)
    click.echo(f"loaded {done.outcome.stored} of {done.entries} events")


def _usable(manifest: Manifest) -> float:
    """The manifest's speed. Raises SessionError if it was edited into none."""
    if not (manifest.speed_factor > 0 and math.isfinite(manifest.speed_factor)):
        raise SessionError(
            f"speedFactor of session {manifest.session_id} must be above 0, got {manifest.speed_factor}: give --speed"
        )
    return manifest.speed_factor


def _tell_what_lacks(manifest: Manifest, bad: str) -> None:
    """On stderr, so that the line with the session's id stays the only one on stdout."""
    if len(set(manifest.found.values())) > 1:
        counts = ", ".join(f"{name} {count}" for name, count in manifest.found.items())
        click.echo(f"the sources differ, the fullest was taken: {counts}", err=True)
    for one in (*manifest.missing, *filter(None, [bad])):
        click.echo(f"may be incomplete: {one}", err=True)
