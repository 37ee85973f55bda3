"""`python -m reports rules` and `python -m reports whatif`: weights of the layers, decided on by the trader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reports.commands.arguments import WeekType, only_alone
from reports.commands.rules_screen import show_version, show_versions
from reports.commands.terminal import print_whatif
from reports.evidence.pooling import WEEKS
from reports.layers.whatif import as_document, read_weights
from reports.operations import rules as operations
from reports.weeks import Week, week_of
from signaltape.clock import utc_now
from signaltape.settings import Settings
from signaltape.terminal import Screen, print_json
from sink.command_line import PlainCommand, PlainGroup, json_option


@click.group(cls=PlainGroup, invoke_without_command=True)
@json_option
@click.pass_context
def rules(context: click.Context, as_json: bool) -> None:
    """Versions of the layer weights: proposed every week where the evidence asks for it, decided on by you."""
    if only_alone(context, as_json):
        context.invoke(list_rules, as_json=as_json)


@rules.command(name="list")
@json_option
def list_rules(as_json: bool) -> None:
    """List all versions, newest first."""
    rows = operations.list_rules(Settings.from_env())
    if as_json:
        print_json(rows)
    else:
        show_versions(Screen(), rows)


@rules.command(name="show")
@click.argument("version")
@json_option
def show_rules(version: str, as_json: bool) -> None:
    """Show VERSION with its weights and the evidence behind them."""
    found = operations.show_rules(Settings.from_env(), version)
    if as_json:
        print_json(found)
    else:
        show_version(Screen(), found)


@rules.command()
@click.argument("version")
def accept(version: str) -> None:
    """Accept VERSION. Then export it into the engine: reports compare the versions by what signals carry."""
    operations.accept_rules(Settings.from_env(), version)
    click.echo(f"{version} is accepted; python -m reports rules export {version} writes it for the engine")


@rules.command()
@click.argument("version")
def reject(version: str) -> None:
    """Reject VERSION; it stays in the list."""
    operations.reject_rules(Settings.from_env(), version)
    click.echo(f"{version} is rejected")


@rules.command(name="export")
@click.argument("version")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file. Default: print."
)
def export_rules(version: str, out: Path | None) -> None:
    """Export VERSION as JSON for the engine."""
    data = operations.export_rules(Settings.from_env(), version)
    if out is None:
        click.echo(data.decode(), nl=False)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"saved {out}")


@click.command(cls=PlainCommand)
@click.option(
    "--weights",
    "file",
    type=click.File("rb"),
    required=True,
    help='JSON: {"trend": 0.3, …}, or what `rules export` wrote; - for standard input.',
)
@click.option("--weeks", type=click.IntRange(1, 520), default=WEEKS, show_default=True, help="So many weeks.")
@click.option(
    "--week", type=WeekType(), help="The newest of them, such as 2022-W03. Default: the current one (WIB)."
)
@json_option
def whatif(file: Any, weeks: int, week: Week | None, as_json: bool) -> None:
    """Score stored signals anew under other weights and show both scorecards side by side."""
    try:
        weights = read_weights(file.read())
    except ValueError as error:
        raise click.ClickException(f"{file.name}: {error}") from None
    newest = week or week_of(utc_now())
    result = operations.what_if(Settings.from_env(), newest, weights, weeks)
    if as_json:
        print_json({"week": newest.name, "weeks": weeks, **as_document(result)})
    else:
        print_whatif(Screen(), result, f"{weeks} weeks up to {newest.name}")
