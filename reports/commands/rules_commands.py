"""`python -m reports rules` and `python -m reports whatif`: weights of the layers, decided on by the trader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reports.commands.rules_screen import show_version, show_versions, version_document
from reports.commands.terminal import print_whatif
from reports.evidence.pooling import WEEKS
from reports.layers.rules import Rules, export
from reports.layers.whatif import as_document, read_weights
from reports.layers.whatif import whatif as compare
from reports.session import WeekType, json_option, only_alone, session
from reports.weeks import Week, week_of
from signaltape.clock import utc_now
from signaltape.terminal import Screen, print_json


@click.group(invoke_without_command=True)
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
    with session() as (_, connection):
        rows = Rules(connection).listed()
    if as_json:
        print_json(rows)
    else:
        show_versions(Screen(), rows)


@rules.command(name="show")
@click.argument("version")
@json_option
def show_rules(version: str, as_json: bool) -> None:
    """Show VERSION with its weights and the evidence behind them."""
    document = version_document(_one(version))
    if as_json:
        print_json(document)
    else:
        show_version(Screen(), document)


@rules.command()
@click.argument("version")
def accept(version: str) -> None:
    """Accept VERSION. Then export it into the engine: reports compare the versions by what signals carry."""
    _decide(version, "accepted")
    click.echo(f"{version} is accepted; python -m reports rules export {version} writes it for the engine")


@rules.command()
@click.argument("version")
def reject(version: str) -> None:
    """Reject VERSION; it stays in the list."""
    _decide(version, "rejected")
    click.echo(f"{version} is rejected")


@rules.command(name="export")
@click.argument("version")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file. Default: print."
)
def export_rules(version: str, out: Path | None) -> None:
    """Export VERSION as JSON for the engine."""
    data = export(_one(version))
    if out is None:
        click.echo(data.decode(), nl=False)
        return
    try:
        out.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write {out}: {error.strerror}") from None
    click.echo(f"saved {out}")


@click.command()
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
    with session() as (_, connection):
        result = compare(connection, newest, weeks, weights)
    if not result.signals:
        raise click.ClickException(
            f"no signal with layers in the {weeks} weeks up to {newest.name}; choose others with --week and --weeks"
        )
    if as_json:
        print_json({"week": newest.name, "weeks": weeks, **as_document(result)})
    else:
        print_whatif(Screen(), result, f"{weeks} weeks up to {newest.name}")


def _one(version: str) -> dict[str, Any]:
    with session() as (_, connection):
        row = Rules(connection).one(version)
    if row is None:
        raise click.ClickException(f"there is no version {version}; python -m reports rules list shows them")
    return row


def _decide(version: str, status: str) -> None:
    row = _one(version)
    with session() as (_, connection):
        decided = Rules(connection).decide(version, status)
    if not decided:
        raise click.ClickException(f"{version} is {row['status']}, not proposed")
