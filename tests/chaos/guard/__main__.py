"""`python -m tests.chaos.guard`: guards that are killed, and every alert of the shipped rules."""

from __future__ import annotations

import sys

import click

from tests.chaos.guard.faults import run_faults
from tests.chaos.guard.kills import run_kills


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kills", type=int, default=50, show_default=True, help="Kills; 0 for none.")
@click.option(
    "--faults", is_flag=True, help="Fire every alert of the shipped rules; as root, a quarter of an hour."
)
@click.option("--seed", type=int, default=20220117, show_default=True, help="Of all that is random.")
def main(kills: int, faults: bool, seed: int) -> None:
    """Exit code 1 if anything is not as it should be."""
    wrong: list[str] = []
    if kills:
        counted = run_kills(kills, seed)
        for name, value in counted._asdict().items():
            click.echo(
                f"{name.replace('_', ' ')}: {value:.0f}" if isinstance(value, float) else f"{name}: {value}"
            )
        wrong += counted.wrong
    if faults:
        found = run_faults(lambda line: click.echo(line, err=True))
        click.echo("\n".join(found.lines))
        click.echo(
            f"{found.fired} fired, {found.ended} over, {found.took_s:.0f} s; guard {found.guard_mib:.0f} MiB"
        )
        wrong += found.wrong
    for line in wrong:
        click.echo(f"WRONG: {line}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
