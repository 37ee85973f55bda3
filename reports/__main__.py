"""`python -m reports`: `scorecard` computes one week, `schedule` reports every week."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from reports import qa, schedule
from reports.commands.arguments import WeekType, only_alone
from reports.commands.deliveries_screen import show_deliveries
from reports.commands.rules_commands import rules, whatif
from reports.commands.terminal import print_scorecard
from reports.evidence.bets_simulation import RUNS as BET_RUNS
from reports.evidence.bets_simulation import simulate as simulate_bets
from reports.evidence.simulation import RUNS, simulate
from reports.files import as_document
from reports.layers.simulation import RUNS as LAYER_RUNS
from reports.layers.simulation import simulate as simulate_layers
from reports.metrics import reporter_parts
from reports.operations import deliveries as messages
from reports.operations import samples, scorecards
from reports.operations.scorecards import Sending
from reports.scorecard import Scorecard
from reports.text.message import compose
from reports.weeks import Week, week_of
from signaltape.clock import utc_now
from signaltape.commands.command import begin_command
from signaltape.control import present
from signaltape.serving_measures import serve_measures
from signaltape.settings import Settings
from signaltape.terminal import Screen, left, print_json, right
from sink.command_line import PlainGroup, json_option, metrics_option
from sink.db import database_url

#: More runs than this change no figure and fill the memory.
_MOST_RUNS = 100_000
_MOST_LISTED = 100_000


@click.group(cls=PlainGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Weekly scorecards of signaltape. Reads DATABASE_URL and TELEGRAM_*."""
    begin_command()
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


@main.command()
@click.option("--week", type=WeekType(), help="ISO week such as 2022-W03. Default: the current one (WIB).")
@click.option("--send", is_flag=True, help="Send it to Telegram, once per week and chat.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Save text, JSON, PNG and PDF here too."
)
@json_option
def scorecard(week: Week | None, send: bool, out: Path | None, as_json: bool) -> None:
    """Compute a week's scorecard, store it, print it as tables and as the Telegram text."""
    settings = Settings.from_env()
    wants_picture = send or out is not None
    found = scorecards.scorecard(settings, utc_now(), week, to_send=send, course=wants_picture)
    screen = Screen()
    if as_json:
        print_json(as_document(found.card, so_far=found.so_far))
    else:
        _show(screen, found.card, found.so_far)
    tell = partial(click.echo, err=as_json)
    if out is not None:
        for path in scorecards.save_scorecard(found, out):
            tell(f"saved {path}")
    if send:
        _tell_sending(scorecards.send_scorecard(settings, found), tell)
    elif not as_json:
        screen.next("--send sends it to Telegram, once; --out DIR saves it, with its picture")


@main.command()
@json_option
@click.option(
    "--layers", is_flag=True, help="Of the judgement on layers instead of the verdict on the score."
)
@click.option("--bets", is_flag=True, help="Where coins move together, with and without counting bets.")
@click.option(
    "--runs",
    type=click.IntRange(100, _MOST_RUNS),
    help=f"Simulated runs each. Default: {RUNS}, layers {LAYER_RUNS}, bets {BET_RUNS}.",
)
def evidence(as_json: bool, layers: bool, bets: bool, runs: int | None) -> None:
    """How often the verdict is right: simulate worlds in which the truth is known."""
    with Console(stderr=True).status("simulating"):
        rates = _simulated(runs, layers=layers, bets=bets)
    rows = [one._asdict() for one in rates]
    if as_json:
        print_json(rows)
    else:
        _show_rates(Screen(), rows, layers=layers, bets=bets)


def _simulated(runs: int | None, *, layers: bool, bets: bool) -> Sequence[Any]:
    if layers and bets:
        raise click.UsageError("--layers or --bets, not both")
    if bets:
        return simulate_bets(runs or BET_RUNS)
    return simulate_layers(runs or LAYER_RUNS) if layers else simulate(runs or RUNS)


@main.group(invoke_without_command=True)
@json_option
@click.pass_context
def deliveries(context: click.Context, as_json: bool) -> None:
    """Messages to Telegram: where each stands (list), and another chance for one that was not sent (resend)."""
    if only_alone(context, as_json):
        context.invoke(list_deliveries, limit=messages.PAGE, as_json=as_json)


@deliveries.command(name="list")
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST_LISTED),
    default=messages.PAGE,
    show_default=True,
    help="Show so many at most.",
)
@json_option
def list_deliveries(limit: int, as_json: bool) -> None:
    """List messages, newest first."""
    rows = messages.list_deliveries(Settings.from_env(), limit)
    if as_json:
        print_json(rows)
    else:
        show_deliveries(Screen(), rows)


@deliveries.command()
@click.argument("number", type=int)
def resend(number: int) -> None:
    """Queue message NUMBER again, if it is uncertain, failed or expired, or its files if these are.

    A text that was sent is never sent twice.

    Look at the chat first if it is uncertain: its stub may stand there.
    """
    messages.resend(Settings.from_env(), number, utc_now())
    click.echo(f"message {number} is queued again; `python -m reports schedule` sends it")


@main.command(name="qa")
@click.option("--week", type=WeekType(), help="ISO week such as 2022-W03. Default: the current one (WIB).")
@click.option("--size", type=click.IntRange(1), default=qa.SIZE, show_default=True, help="So many signals.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder.")
def qa_sample(week: Week | None, size: int, out: Path) -> None:
    """Draw signals of a week, spread over the bins, for a manual check; save them as CSV and JSON."""
    sample = samples.draw_sample(Settings.from_env(), week or week_of(utc_now()), size)
    paths = samples.save_sample(sample, out)
    click.echo(f"drew {len(sample.signals)} signal(s) of {sample.week.name}")
    for path in paths:
        click.echo(f"saved {path}")


@main.command(name="schedule")
@metrics_option
def run_schedule(metrics_port: int | None) -> None:
    """Report every Sunday 23:59 Asia/Jakarta and send what is in the outbox, until SIGTERM or Ctrl-C."""
    settings = Settings.from_env()
    parts = reporter_parts(database_url(settings))
    stop_metrics = serve_measures(metrics_port, "reporter", parts, settings)
    try:
        with present(settings, "reporter"):
            asyncio.run(_run_schedule(settings))
    finally:
        stop_metrics()


async def _run_schedule(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await schedule.run(settings, stop, utc_now)


def _show(screen: Screen, card: Scorecard, so_far: bool) -> None:
    print_scorecard(screen, card, so_far=so_far)
    screen.gap()
    screen.say("Telegram text:", "head")
    screen.gap()
    for line in compose(card, so_far=so_far).text.splitlines():
        if line:
            screen.say(line)
        else:
            screen.gap()
    screen.gap()


def _show_rates(screen: Screen, rows: Sequence[dict[str, Any]], *, layers: bool, bets: bool) -> None:
    of_bets = "the verdict and its intervals, with and without bets,"
    what = "the judgement on layers" if layers else of_bets if bets else "the verdict on the score"
    screen.say(f"how often {what} is right in {len(rows)} cases where the truth is known, as shares of runs")
    heads = [
        (left if isinstance(value, str) else right)(name.replace("_", " ")) for name, value in rows[0].items()
    ]
    cells = [
        [f"{value:.3f}" if isinstance(value, float) else value for value in row.values()] for row in rows
    ]
    screen.table(heads, cells)
    screen.next(
        "without options: the verdict on the score" if layers or bets else "--layers: the judgement on layers"
    )


def _tell_sending(done: Sending | None, tell: Callable[[str], None]) -> None:
    if done is None:
        tell("not sent: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID to send it (it is printed and stored)")
    elif done.sent:
        tell("sent to Telegram (once; sending this week again changes nothing)")
    else:
        because = f": {done.error}" if done.error else ""
        raise click.ClickException(f"not sent, it is {done.state} in the outbox{because}")


main.add_command(rules)
main.add_command(whatif)

if __name__ == "__main__":
    main()
