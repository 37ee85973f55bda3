"""`python -m ghost`: follow the tape; `list`, `show`, `cancel`, `place`, `pnl`, `lines`, `line`, `digest`."""

from __future__ import annotations

import click

from ghost import process
from ghost.line_commands import line_group, lines_command
from ghost.operations import showing
from ghost.order_commands import cancel_command, list_command, place_command, pnl_command, show_command
from ghost.runner import MOST
from ghost.settings import GhostSettings
from signaltape.commands.command import begin_command
from signaltape.settings import Settings
from signaltape.stopping import stop_on_signals
from signaltape.terminal import print_json
from sink.command_line import PlainGroup, json_option, metrics_option


@click.group(
    cls=PlainGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--once", is_flag=True, help="Up to the tape's end, then exit (exit code 1 if a server is away)."
)
@click.option(
    "--batch", type=click.IntRange(1, 100_000), default=MOST, show_default=True,
    help="Entries of a partition in one transaction at most.",
)  # fmt: skip
@metrics_option
@click.pass_context
def main(context: click.Context, once: bool, batch: int, metrics_port: int | None) -> None:
    """Follow paper orders and price lines along the tape. Reads REDIS_URL, DATABASE_URL and SIGNALTAPE_GHOST.

    Runs until SIGTERM or Ctrl-C: then what is in hand is committed. A second one stands by.
    """
    begin_command()
    if context.invoked_subcommand is not None:
        return
    stop = stop_on_signals()
    done = process.run(GhostSettings.from_env(), stop, once=once, most=batch, metrics_port=metrics_port)
    click.echo(
        f"read {done.entries}, of them bars and commands {done.items}; open: orders {done.open_orders}, "
        f"lines {done.open_lines}"
    )


@main.command()
@json_option
def digest(as_json: bool) -> None:
    """Show one hash of all orders, fills and lines: the same tape gives the same, whatever happened on the way."""
    found = showing.digest(Settings.from_env())
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.sha256}  {found.orders} orders")


for command in (
    list_command,
    show_command,
    cancel_command,
    place_command,
    pnl_command,
    lines_command,
    line_group,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
